package config

import (
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones must load on machines and in containers that have none installed

	"golang.org/x/text/currency"
)

// check holds the settings to what no tag can say: addresses, time zones, currencies, and settings that need each other.
func (c *Config) check(origins map[string]string) error {
	refuse := func(key, value, problem, mend string) error {
		return &Error{Key: key, Value: value, Origin: origins[key], Problem: problem, Mend: mend}
	}
	if !isAddress(c.Server.Address) {
		return refuse("server.address", c.Server.Address, "is not host:port", "write 127.0.0.1:8080, or :8080 for every network")
	}
	if c.Telemetry.MetricsAddress != "" && !isAddress(c.Telemetry.MetricsAddress) {
		return refuse("telemetry.metrics_address", c.Telemetry.MetricsAddress, "is not host:port", "write 127.0.0.1:9464, or leave it empty for no metrics")
	}
	for key, networks := range map[string][]string{"server.trusted_proxies": c.Server.TrustedProxies, "rate_limit.exempt": c.RateLimit.Exempt} {
		for _, network := range networks {
			if _, err := netip.ParsePrefix(network); err != nil {
				return refuse(key, network, "is not a network", "write it as CIDR, such as 10.0.0.0/8 or 192.0.2.7/32")
			}
		}
	}
	if limit := c.Resilience.AdaptiveLimit; limit.Least > limit.Most {
		return refuse("resilience.adaptive_limit.least", strconv.Itoa(limit.Least), "is more than resilience.adaptive_limit.most", "make it less, or the most more")
	}
	if c.RateLimit.SearchCost > c.RateLimit.Burst {
		return refuse("rate_limit.search_cost", strconv.Itoa(c.RateLimit.SearchCost), "is more than rate_limit.burst, so that nobody could search", "make it less")
	}
	if t := c.Server.TLS; (t.Certificate == "") != (t.Key == "") {
		return refuse("server.tls.key", t.Key, "does not go with server.tls.certificate", "give the files of both, or of neither")
	} else if t.Certificate != "" && len(t.ACMEHosts) > 0 {
		return refuse("server.tls.acme_hosts", strings.Join(t.ACMEHosts, ","), "is given beside server.tls.certificate", "give one of them")
	}
	if e := c.Telemetry.Traces.Endpoint; e != "" && !network.MatchString(e) && !strings.HasPrefix(e, "http://") {
		return refuse("telemetry.traces.endpoint", e, "is not the address of a collector", "write http://localhost:4318, or leave it empty")
	}
	if c.CDN.BaseURL != "" && !network.MatchString(c.CDN.BaseURL) {
		return refuse("cdn.base_url", c.CDN.BaseURL, "is not the address of a network", "write https://cdn.example.org, with a path behind it if it has one")
	}
	zone, err := time.LoadLocation(c.Library.TimeZone)
	if err != nil || c.Library.TimeZone == "" || c.Library.TimeZone == "Local" {
		return refuse("library.time_zone", c.Library.TimeZone, "is not a time zone", "write an IANA name such as Asia/Ho_Chi_Minh or Europe/London")
	}
	c.Library.Location = zone
	if _, err := currency.ParseISO(c.Library.Currency); err != nil || c.Library.Currency != strings.ToUpper(c.Library.Currency) {
		return refuse("library.currency", c.Library.Currency, "is not a currency", "write an ISO 4217 code such as VND, EUR or USD")
	}
	if c.Library.Name == "" {
		return refuse("library.name", "", "is empty", "write the library's name")
	}
	if err := c.Members.check(refuse); err != nil {
		return err
	}
	if c.Cache.Remote != "" && !isSidecar(c.Cache.Remote) { // it may hold a password, so it is not quoted
		return refuse("cache.remote", "", "is not the address of a Redis or Valkey", "write redis://host:6379/0, rediss://user:password@host:6379 for TLS, or unix:///path")
	}
	if c.Queue.URL != "" && !isNATS(c.Queue.URL) { // it may hold a password, so it is not quoted
		return refuse("queue.url", "", "is not the address of a NATS server", "write nats://host:4222, or tls://user:password@host:4222 for TLS")
	}
	if c.Feed.Poll >= c.Feed.MaxSilence {
		return refuse("feed.poll", c.Feed.Poll.String(), "is not shorter than feed.max_silence", "make it shorter by half at least: caches are not used after a silence")
	}
	if c.Cache.RemoteTTL+c.Server.RequestTimeout >= c.Feed.Kept {
		return refuse("cache.remote_ttl", c.Cache.RemoteTTL.String(), "and server.request_timeout together are not shorter than feed.kept", "make feed.kept longer: a process that starts learns from it which values there are old")
	}
	if err := c.Notices.SMTP.check(refuse); err != nil {
		return err
	}
	return c.Database.check(refuse)
}

func (s *SMTP) check(refuse func(key, value, problem, mend string) error) error {
	if s.Host == "" {
		return nil
	}
	if address, err := mail.ParseAddress(s.From); err != nil || !strings.Contains(address.Address, "@") {
		return refuse("notices.smtp.from", s.From, "is not an e-mail address, and notices.smtp.host is given", "write the library's own, such as library@example.org")
	}
	return nil
}

func (m *Members) check(refuse func(key, value, problem, mend string) error) error {
	if len(m.CardPrefix) > 20 || strings.Trim(m.CardPrefix, "0123456789") != "" || m.CardPrefix == "" {
		return refuse("members.card_prefix", m.CardPrefix, "is not a row of 1 to 20 digits", `write digits in quotes, such as "29001"`)
	}
	if m.SessionIdle > m.SessionLifetime {
		return refuse("members.session_idle", m.SessionIdle.String(), "is longer than members.session_lifetime", "make it shorter, or the lifetime longer")
	}
	if m.TokenLifetime > m.TokenLifetimeMax {
		return refuse("members.token_lifetime", m.TokenLifetime.String(), "is longer than members.token_lifetime_max", "make it shorter, or the longest longer")
	}
	return nil
}

func (d *Database) check(refuse func(key, value, problem, mend string) error) error {
	const mend = "write postgres://user:password@host:5432/database"
	for key, address := range map[string]string{"database.primary": d.Primary, "database.direct": d.Direct} {
		if address != "" && !isPostgres(address) {
			return refuse(key, "", "is not the address of a PostgreSQL server", mend)
		}
	}
	if slices.ContainsFunc(d.Replicas, func(address string) bool { return !isPostgres(address) }) {
		return refuse("database.replicas", "", "holds something that is not the address of a PostgreSQL server", mend)
	}
	switch {
	case d.Pool.MaxConnections > 0 && d.Pool.MinConnections > d.Pool.MaxConnections:
		return refuse("database.pool.min_connections", strconv.Itoa(d.Pool.MinConnections), "is more than database.pool.max_connections", "make it less, or the most more")
	case d.Private() && len(d.Replicas) > 0:
		return refuse("database.replicas", "", "is given without database.primary", "give the primary that they follow")
	case d.Private() && d.Direct != "":
		return refuse("database.direct", "", "is given without database.primary", "give the primary that it reaches")
	case d.Private() && d.Embedded.Data == "":
		return refuse("database.embedded.data", "", "is empty", "name a folder for the private PostgreSQL, or give database.primary")
	}
	return nil
}

// network is what can stand in a page and in its Content-Security-Policy as it is.
var network = regexp.MustCompile(`^https?://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*/?$`)

func isAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number <= 65535
}

func isSidecar(text string) bool {
	address, err := url.Parse(text)
	if err != nil {
		return false
	}
	if address.Scheme == "unix" {
		return address.Path != ""
	}
	return (address.Scheme == "redis" || address.Scheme == "rediss") && address.Hostname() != ""
}

func isPostgres(text string) bool {
	address, err := url.Parse(text)
	return err == nil && (address.Scheme == "postgres" || address.Scheme == "postgresql") && address.Host+address.RawQuery != ""
}
