// Package config loads BookVault's settings, checks them and explains what is wrong with them.
//
// The file config.yaml in the root is built into the program, so it is the defaults; a file, the environment and flags lie
// over it in that order (load.go). Adding a setting is one field here and one commented line there; a test compares the
// two. No module imports this package: modules/modules.go hands each module the plain values that it needs.
package config

import "time"

// Config holds every setting, one field a section of config.yaml. Tags: key is the name in the file; min and max bound a
// number, a size or a duration; oneof lists the words allowed; secret keeps the value out of messages.
type Config struct {
	Server       Server       `key:"server"`
	Compression  Compression  `key:"compression"`
	CDN          CDN          `key:"cdn"`
	Library      Library      `key:"library"`
	Catalog      Catalog      `key:"catalog"`
	Members      Members      `key:"members"`
	Borrowing    Borrowing    `key:"borrowing"`
	Ledger       Ledger       `key:"ledger"`
	Notices      Notices      `key:"notices"`
	Database     Database     `key:"database"`
	Cache        Cache        `key:"cache"`
	GatewayCache GatewayCache `key:"gateway_cache"`
	Feed         Feed         `key:"feed"`
	Events       Events       `key:"events"`
	Statistics   Statistics   `key:"statistics"`
	Queue        Queue        `key:"queue"`
	Resilience   Resilience   `key:"resilience"`
	RateLimit    RateLimit    `key:"rate_limit"`
	Telemetry    Telemetry    `key:"telemetry"`
	Patterns     Patterns     `key:"patterns"`
}

// Server says where BookVault listens and what a client may ask of it.
type Server struct {
	Address                  string        `key:"address"`
	MaxConnections           int           `key:"max_connections" min:"1" max:"1000000"`
	MaxConnectionsPerAddress int           `key:"max_connections_per_address" min:"1" max:"1000000"`
	HeaderTimeout            time.Duration `key:"header_timeout" min:"100ms" max:"5m"`
	ReadTimeout              time.Duration `key:"read_timeout" min:"1s" max:"1h"`
	WriteTimeout             time.Duration `key:"write_timeout" min:"1s" max:"1h"`
	IdleTimeout              time.Duration `key:"idle_timeout" min:"1s" max:"1h"`
	RequestTimeout           time.Duration `key:"request_timeout" min:"100ms" max:"10m"`
	RepeatWait               time.Duration `key:"repeat_wait" min:"0s" max:"1m"`
	MaxHeader                Size          `key:"max_header" min:"4KiB" max:"1MiB"`
	MaxBody                  Size          `key:"max_body" min:"64KiB" max:"4GiB"`
	MaxJSON                  Size          `key:"max_json" min:"16KiB" max:"64MiB"`
	Heap                     Size          `key:"heap" min:"0B" max:"1024GiB"`
	ShutdownTimeout          time.Duration `key:"shutdown_timeout" min:"3s" max:"5m"`
	TrustedProxies           []string      `key:"trusted_proxies"`
	TLS                      TLS           `key:"tls"`
}

// TLS says how connections are encrypted, where no proxy in front does it.
type TLS struct {
	Certificate   string        `key:"certificate"`
	Key           string        `key:"key"`
	ACMEHosts     []string      `key:"acme_hosts"`
	ACMEEmail     string        `key:"acme_email"`
	ACMEDirectory string        `key:"acme_directory"`
	HSTS          time.Duration `key:"hsts" min:"0s" max:"17520h"`
}

// On tells whether connections are encrypted here.
func (t TLS) On() bool { return t.Certificate != "" || len(t.ACMEHosts) > 0 }

// Compression says which answers are worth being compressed.
type Compression struct {
	MinSize Size `key:"min_size" min:"1B" max:"1MiB"`
}

// CDN says where pages load their files from.
type CDN struct {
	BaseURL string `key:"base_url"`
	Minify  bool   `key:"minify"`
}

// Library says whose library this is: what dates and money mean in it.
type Library struct {
	Name     string `key:"name"`
	TimeZone string `key:"time_zone"`
	Currency string `key:"currency"`
	Language string `key:"language" oneof:"en vi"`
	// Demonstration says into which PostgreSQL the demonstration library goes when its catalogue is empty.
	Demonstration string `key:"demonstration" oneof:"private always never"`

	// Location is TimeZone, loaded; it has no key of its own.
	Location *time.Location
}

// Borrowing says how the desk works where the rules and the calendar say nothing.
type Borrowing struct {
	DefaultBranch     string           `key:"default_branch"`
	HoldShelfDays     int              `key:"hold_shelf_days" min:"1" max:"60"`
	CollectDays       int              `key:"collect_days" min:"1" max:"60"`
	OfflineMaxAge     time.Duration    `key:"offline_max_age" min:"1h" max:"720h"`
	RelayPoll         time.Duration    `key:"relay_poll" min:"10ms" max:"1m"`
	HousekeepingEvery time.Duration    `key:"housekeeping_every" min:"1s" max:"1h"`
	Privacy           BorrowingPrivacy `key:"privacy"`
	Notices           NoticeDays       `key:"notices"`
	GroupCommit       GroupCommit      `key:"group_commit"`

	LostRefundDays      int  `key:"lost_refund_days" min:"0" max:"3650"`
	RefundProcessingFee bool `key:"refund_processing_fee"`
	LostAfterDays       int  `key:"lost_after_days" min:"0" max:"3650"`
}

// GroupCommit bounds how commands share transactions.
type GroupCommit struct {
	Batch    int           `key:"batch" min:"1" max:"1000"`
	Queue    int           `key:"queue" min:"1" max:"1000000"`
	Parallel int           `key:"parallel" min:"1" max:"16"`
	MaxWait  time.Duration `key:"max_wait" min:"100us" max:"1s"`
}

// BorrowingPrivacy says how long it is known who borrowed what.
type BorrowingPrivacy struct {
	Retention time.Duration `key:"retention" min:"1h" max:"87600h"`
}

// Ledger says how what happened is made certain.
type Ledger struct {
	Key         string        `key:"key"`
	Anchors     string        `key:"anchors"`
	AnchorEvery time.Duration `key:"anchor_every" min:"1m" max:"720h"`
}

// NoticeDays says when members are told of what; 0 switches a kind off.
type NoticeDays struct {
	DueSoonDays      int `key:"due_soon_days" min:"0" max:"60"`
	OverdueFirstDays int `key:"overdue_first_days" min:"1" max:"365"`
	OverdueEveryDays int `key:"overdue_every_days" min:"1" max:"365"`
	OverdueTimes     int `key:"overdue_times" min:"0" max:"100"`
	HoldExpiringDays int `key:"hold_expiring_days" min:"0" max:"60"`
}

// Notices says by what way members are told.
type Notices struct {
	SMTP SMTP `key:"smtp"`
}

// SMTP is the mail server that takes our letters; without a Host nothing is sent.
type SMTP struct {
	Host     string `key:"host"`
	Port     int    `key:"port" min:"1" max:"65535"`
	Username string `key:"username"`
	Password string `key:"password" secret:"true"`
	TLS      string `key:"tls" oneof:"starttls tls none"`
	From     string `key:"from"`
}

// Catalog bounds what a title can hold, and what searching and covers may cost.
type Catalog struct {
	Limits  CatalogLimits  `key:"limits"`
	Search  CatalogSearch  `key:"search"`
	Imports CatalogImports `key:"imports"`
	Covers  CatalogCovers  `key:"covers"`
}

// CatalogImports bounds what a file of titles may be and what importing it takes.
type CatalogImports struct {
	MaxQueued   int  `key:"max_queued" min:"1" max:"1000"`
	MaxUploads  int  `key:"max_uploads" min:"1" max:"1000"`
	MaxField    Size `key:"max_field" min:"1KiB" max:"16MiB"`
	MaxRow      Size `key:"max_row" min:"4KiB" max:"64MiB"`
	MaxUnpacked Size `key:"max_unpacked" min:"1MiB" max:"1024GiB"`
	BatchRows   int  `key:"batch_rows" min:"1" max:"10000"`
}

// CatalogLimits bounds what a title can hold.
type CatalogLimits struct {
	Title       int `key:"title" min:"50" max:"4000"`
	Name        int `key:"name" min:"50" max:"1000"`
	Description int `key:"description" min:"0" max:"1000000"`
	Authors     int `key:"authors" min:"1" max:"1000"`
	Genres      int `key:"genres" min:"1" max:"1000"`
	Pages       int `key:"pages" min:"1" max:"1000000"`
	FirstYear   int `key:"first_year" min:"-100000" max:"1900"`
	YearsAhead  int `key:"years_ahead" min:"0" max:"1000"`
}

// CatalogSearch bounds what one search costs.
type CatalogSearch struct {
	QueryLength int           `key:"query_length" min:"20" max:"10000"`
	QueryTerms  int           `key:"query_terms" min:"1" max:"200"`
	Candidates  int           `key:"candidates" min:"10" max:"100000"`
	FacetValues int           `key:"facet_values" min:"1" max:"1000"`
	TypoWords   int           `key:"typo_words" min:"0" max:"32"`
	Budget      time.Duration `key:"budget" min:"50ms" max:"1m"`
	Corrections int           `key:"corrections" min:"1" max:"50"`
}

// CatalogCovers bounds what an uploaded cover costs.
type CatalogCovers struct {
	MaxUpload  Size `key:"max_upload" min:"10KiB" max:"100MiB"`
	MaxPixels  int  `key:"max_pixels" min:"10000" max:"400000000"`
	MinSide    int  `key:"min_side" min:"1" max:"1000"`
	LargeWidth int  `key:"large_width" min:"50" max:"4000"`
	SmallWidth int  `key:"small_width" min:"20" max:"2000"`
	Quality    int  `key:"quality" min:"1" max:"100"`
	AtOnce     int  `key:"at_once" min:"1" max:"64"`
}

// Members says how members prove who they are.
type Members struct {
	CardPrefix        string        `key:"card_prefix"`
	PasswordMinLength int           `key:"password_min_length" min:"8" max:"64"`
	SessionIdle       time.Duration `key:"session_idle" min:"1m" max:"720h"`
	SessionLifetime   time.Duration `key:"session_lifetime" min:"5m" max:"8760h"`
	SecureCookies     bool          `key:"secure_cookies"`
	TokenLifetime     time.Duration `key:"token_lifetime" min:"1m" max:"87600h"`
	TokenLifetimeMax  time.Duration `key:"token_lifetime_max" min:"1m" max:"87600h"`
	AuditKept         time.Duration `key:"audit_kept" min:"24h" max:"87600h"`
	Lists             int           `key:"lists" min:"1" max:"1000"`
	ListTitles        int           `key:"list_titles" min:"1" max:"10000"`
	SignIn            SignIn        `key:"sign_in"`
}

// SignIn bounds what guessing passwords costs, us and whoever guesses.
type SignIn struct {
	Window       time.Duration `key:"window" min:"1m" max:"24h"`
	PerAccount   int           `key:"per_account" min:"3" max:"10000"`
	PerAddress   int           `key:"per_address" min:"3" max:"1000000"`
	HashMemory   Size          `key:"hash_memory" min:"8MiB" max:"1GiB"`
	HashPasses   int           `key:"hash_passes" min:"1" max:"20"`
	HashesAtOnce int           `key:"hashes_at_once" min:"1" max:"256"`
}

// Database says which PostgreSQL holds the library.
type Database struct {
	Primary  string   `key:"primary" secret:"true"`
	Replicas []string `key:"replicas" secret:"true"`
	Direct   string   `key:"direct" secret:"true"`
	Pooler   bool     `key:"pooler"`

	// Ways of their own to the primary, where a module has one.
	Catalog   string `key:"catalog" secret:"true"`
	Borrowing string `key:"borrowing" secret:"true"`
	Members   string `key:"members" secret:"true"`

	StatementTimeout         time.Duration `key:"statement_timeout" min:"100ms" max:"1h"`
	LockTimeout              time.Duration `key:"lock_timeout" min:"10ms" max:"10m"`
	CommitTimeout            time.Duration `key:"commit_timeout" min:"100ms" max:"10m"`
	IdleInTransactionTimeout time.Duration `key:"idle_in_transaction_timeout" min:"1s" max:"1h"`
	ReplicaMaxLag            time.Duration `key:"replica_max_lag" min:"10ms" max:"1h"`
	ReplicaSilence           time.Duration `key:"replica_silence" min:"50ms" max:"1m"`
	FallbackShare            float64       `key:"fallback_share" min:"0.05" max:"1"`
	Synchronous              bool          `key:"synchronous"`

	Pool     Pool     `key:"pool"`
	Embedded Embedded `key:"embedded"`
}

// Pool bounds the connections to each database server.
type Pool struct {
	MaxConnections        int           `key:"max_connections" min:"0" max:"1000"`
	ReplicaConnections    int           `key:"replica_connections" min:"0" max:"1000"`
	SearchConnections     int           `key:"search_connections" min:"0" max:"1000"`
	BackgroundConnections int           `key:"background_connections" min:"0" max:"1000"`
	MinConnections        int           `key:"min_connections" min:"1" max:"1000"`
	LeakThreshold         time.Duration `key:"leak_threshold" min:"1s" max:"24h"`
	ConnectTimeout        time.Duration `key:"connect_timeout" min:"100ms" max:"5m"`
	AcquireTimeout        time.Duration `key:"acquire_timeout" min:"10ms" max:"1m"`
	MaxLifetime           time.Duration `key:"max_lifetime" min:"1m" max:"24h"`
	MaxIdleTime           time.Duration `key:"max_idle_time" min:"1s" max:"24h"`
}

// Embedded shapes the private PostgreSQL that runs when no primary is given.
type Embedded struct {
	Data     string `key:"data"`
	Programs string `key:"programs"`
	Replica  bool   `key:"replica"`

	Archive     string        `key:"archive"`
	ArchiveKept time.Duration `key:"archive_kept" min:"1h" max:"87600h"`
	ArchiveSize Size          `key:"archive_size" min:"64MiB" max:"1024GiB"`
}

// Cache bounds what is kept in memory of what the database holds, and says for how long.
type Cache struct {
	Titles      Size          `key:"titles" min:"1MiB" max:"1024GiB"`
	Searches    Size          `key:"searches" min:"1MiB" max:"1024GiB"`
	Exact       Size          `key:"exact" min:"1MiB" max:"1024GiB"`
	Fresh       time.Duration `key:"fresh" min:"1s" max:"24h"`
	FreshTitles time.Duration `key:"fresh_titles" min:"1s" max:"168h"`
	Missing     time.Duration `key:"missing" min:"100ms" max:"1h"`
	Kept        time.Duration `key:"kept" min:"0s" max:"24h"`

	Remote         string        `key:"remote" secret:"true"`
	RemoteTimeout  time.Duration `key:"remote_timeout" min:"1ms" max:"1s"`
	RemoteTTL      time.Duration `key:"remote_ttl" min:"1s" max:"1h"`
	RemoteMaxValue Size          `key:"remote_max_value" min:"1KiB" max:"16MiB"`

	RemoteConnections int `key:"remote_connections" min:"1" max:"64"`
}

// GatewayCache bounds what is kept of whole answers, and says for how long.
type GatewayCache struct {
	MaxMemory Size          `key:"max_memory" min:"1MiB" max:"1024GiB"`
	MaxAnswer Size          `key:"max_answer" min:"1KiB" max:"64MiB"`
	Fresh     time.Duration `key:"fresh" min:"1s" max:"24h"`
	Stale     time.Duration `key:"stale" min:"0s" max:"24h"`
	Ill       time.Duration `key:"ill" min:"0s" max:"24h"`
	Shortcut  bool          `key:"shortcut"`
}

// Events bounds the streams of live events.
type Events struct {
	MaxListeners  int           `key:"max_listeners" min:"1" max:"1000000"`
	MaxPerMember  int           `key:"max_per_member" min:"1" max:"1000"`
	MaxPerAddress int           `key:"max_per_address" min:"1" max:"100000"`
	Kept          int           `key:"kept" min:"1" max:"1000000"`
	Buffer        int           `key:"buffer" min:"1" max:"10000"`
	Heartbeat     time.Duration `key:"heartbeat" min:"1s" max:"5m"`
}

// Feed says how closely this process follows what others change.
type Feed struct {
	Poll       time.Duration `key:"poll" min:"1ms" max:"10s"`
	MaxSilence time.Duration `key:"max_silence" min:"10ms" max:"1m"`
	Patience   time.Duration `key:"patience" min:"1ms" max:"10s"`
	Kept       time.Duration `key:"kept" min:"10s" max:"24h"`
}

// Telemetry says what BookVault tells about itself, and where.
type Telemetry struct {
	MetricsAddress string `key:"metrics_address"`
	LogLevel       string `key:"log_level" oneof:"debug info warn error"`
	LogFormat      string `key:"log_format" oneof:"auto json text"`
	AccessLog      string `key:"access_log" oneof:"all sampled notable off"`
	AccessLogRate  int    `key:"access_log_rate" min:"1" max:"1000000"`
	LogBuffer      Size   `key:"log_buffer" min:"0B" max:"256MiB"`
	Traces         Traces `key:"traces"`
}

// Traces says where the spans of requests go.
type Traces struct {
	Endpoint string  `key:"endpoint"`
	Share    float64 `key:"share" min:"0" max:"1"`
}

// Patterns switches the performance layers, each by its name in docs/PATTERNS.md.
type Patterns struct {
	AdaptiveLimit     Switch `key:"adaptive_limit"`
	Bulkhead          Switch `key:"bulkhead"`
	CacheAside        Switch `key:"cache_aside"`
	CDN               Switch `key:"cdn"`
	CircuitBreaker    Switch `key:"circuit_breaker"`
	Coalescing        Switch `key:"coalescing"`
	Compression       Switch `key:"compression"`
	Fallback          Switch `key:"fallback"`
	GatewayCache      Switch `key:"gateway_cache"`
	GroupCommit       Switch `key:"group_commit"`
	Hedging           Switch `key:"hedging"`
	MaterializedViews Switch `key:"materialized_views"`
	RateLimit         Switch `key:"rate_limit"`
	ReadReplicas      Switch `key:"read_replicas"`
	ReadThrough       Switch `key:"read_through"`
	RemoteCache       Switch `key:"remote_cache"`
	Retry             Switch `key:"retry"`
	WriteBehind       Switch `key:"write_behind"`
	WriteThrough      Switch `key:"write_through"`
}

// Statistics says how figures are kept ready.
type Statistics struct {
	RefreshEvery   time.Duration `key:"refresh_every" min:"10s" max:"24h"`
	RefreshTimeout time.Duration `key:"refresh_timeout" min:"1s" max:"6h"`
	Kept           time.Duration `key:"kept" min:"1s" max:"720h"`
}

// Switch turns one pattern on. Off means that requests really take the plain way.
type Switch struct {
	Enabled bool `key:"enabled"`
}

// Private tells whether BookVault runs a PostgreSQL of its own.
func (d Database) Private() bool { return d.Primary == "" }
