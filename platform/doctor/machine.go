package doctor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bookvault/platform/config"
	"bookvault/platform/database/embedded"
)

const (
	readyLimit  = 3 * time.Second
	diskWarning = 2 << 30   // bytes free below which it is time to act
	diskBad     = 256 << 20 // bytes free below which PostgreSQL will soon stop
)

// machine looks at PostgreSQL's programs, the data folder and the disk. It tells whether there is a database to question.
func (p Patient) machine(ctx context.Context, r *report) bool {
	if !p.Settings.Database.Private() {
		r.ok("PostgreSQL", "a server of yours is used (database.primary); nothing private is started")
		return true
	}
	major := p.programs(ctx, r)
	p.folder(r)
	p.disk(r)
	if major == 0 {
		r.ok("database", "there is none yet; the first start makes it")
	}
	return major != 0
}

// programs finds PostgreSQL's programs of the major version that the data needs, and gives that version; 0 without data.
func (p Patient) programs(ctx context.Context, r *report) int {
	major := 0
	if text, err := os.ReadFile(filepath.Join(p.Folder, "primary", "PG_VERSION")); err == nil {
		if _, err := fmt.Sscanf(string(text), "%d", &major); err != nil {
			r.add(finding{bad, "data folder", fmt.Sprintf("%s holds %q, which is no version", filepath.Join(p.Folder, "primary", "PG_VERSION"), text),
				"restore the folder from a backup"})
		}
	}
	found, err := embedded.FindPrograms(ctx, p.Settings.Database.Embedded.Programs, major)
	if err != nil {
		r.add(finding{bad, "PostgreSQL", err.Error(), "install PostgreSQL 15 or newer, or set database.embedded.programs"})
		return major
	}
	r.ok("PostgreSQL", "%s in %s", found.Version, found.Bin)
	return major
}

// folder looks whether the data folder can be written, and whether what is secret in it is kept from others.
func (p Patient) folder(r *report) {
	data := p.Settings.Database.Embedded.Data
	shown, err := filepath.Abs(data)
	if err != nil {
		shown = data
	}
	near := data // the nearest folder that exists
	for {
		info, err := os.Stat(near)
		if err == nil && !info.IsDir() {
			r.add(finding{bad, "data folder", near + " is a file", "name a folder in database.embedded.data"})
			return
		}
		if err == nil || !errors.Is(err, fs.ErrNotExist) || near == filepath.Dir(near) {
			break
		}
		near = filepath.Dir(near)
	}
	if err := unix.Access(near, unix.W_OK|unix.X_OK); err != nil {
		r.add(finding{bad, "data folder", fmt.Sprintf("%s cannot be written: %v", shown, err),
			"give the user who runs BookVault the right to write there, or name another folder in database.embedded.data"})
		return
	}
	for _, secret := range []string{filepath.Join(data, "demonstration.json"), filepath.Join(p.Folder, "state.json")} {
		if info, err := os.Stat(secret); err == nil && info.Mode().Perm()&0o077 != 0 {
			r.add(finding{bad, "permissions", fmt.Sprintf("%s may be read by others (mode %04o)", secret, info.Mode().Perm()), "chmod 600 " + secret})
		}
	}
	if info, err := os.Stat(filepath.Join(p.Folder, "primary")); err == nil && info.Mode().Perm()&0o077 != 0 {
		r.add(finding{bad, "permissions", fmt.Sprintf("%s/primary may be entered by others (mode %04o); PostgreSQL refuses that", p.Folder, info.Mode().Perm()),
			"chmod 700 " + filepath.Join(p.Folder, "primary")})
	}
	r.ok("data folder", "%s can be written", shown)
}

// disk looks at the space left where the data is.
func (p Patient) disk(r *report) {
	near := p.Folder
	var stat unix.Statfs_t
	for unix.Statfs(near, &stat) != nil {
		if near == filepath.Dir(near) {
			return
		}
		near = filepath.Dir(near)
	}
	free := stat.Bavail * uint64(stat.Bsize)
	text := fmt.Sprintf("%.1f GiB free where the data is", float64(free)/(1<<30))
	switch {
	case free < diskBad:
		r.add(finding{bad, "disk", text, "make room before PostgreSQL stops"})
	case free < diskWarning:
		r.add(finding{warning, "disk", text, "make room, or move database.embedded.data"})
	default:
		r.ok("disk", "%s", text)
	}
}

// ports looks whether the addresses are free, or held by the server of this very folder.
func (p Patient) ports(ctx context.Context, r *report) {
	state, running := embedded.State{}, false
	if p.Settings.Database.Private() {
		state, running = embedded.Running(p.Folder)
	}
	if running && state.Address != "" {
		p.readiness(ctx, r, state)
	} else {
		p.port(r, "address", "server.address", p.Settings.Server.Address, bad)
	}
	if p.Settings.Telemetry.MetricsAddress != "" && !running {
		p.port(r, "metrics", "telemetry.metrics_address", p.Settings.Telemetry.MetricsAddress, warning)
	}
}

func (p Patient) port(r *report, subject, key, address string, otherwise grade) {
	listener, err := net.Listen("tcp", address)
	if err == nil {
		_ = listener.Close() // it was only tried
		r.ok(subject, "%s is free (%s)", address, key)
		return
	}
	says, mend := fmt.Sprintf("%s cannot be listened on: %v", address, err), "give another "+key+" ("+config.EnvName(key)+")"
	if errors.Is(err, syscall.EADDRINUSE) {
		says, mend = address+" is in use by another program", "stop that one, or give another "+key+" ("+config.EnvName(key)+")"
	}
	r.add(finding{otherwise, subject, says, mend})
}

// readiness asks the running server how it is.
func (p Patient) readiness(ctx context.Context, r *report, state embedded.State) {
	if err := Ready(ctx, state.Address); err != nil {
		r.add(finding{bad, "address", fmt.Sprintf("the server runs as process %d, but %v", state.PID, err), "read what /readyz and its log say; restart it if it does not answer"})
		return
	}
	r.ok("address", "the server runs at http://%s as process %d, and is ready", state.Address, state.PID)
}

// Ready asks the server that listens on an address (host:port; any host means this machine) whether it is ready, and says why not.
func Ready(ctx context.Context, address string) error {
	status, _, err := readyz(ctx, address)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("it is not ready: /readyz answers %d", status)
	}
	return nil
}

// Part asks that server how one of its parts stands, and gives what /readyz says of it.
func Part(ctx context.Context, address, name string) (string, error) {
	_, body, err := readyz(ctx, address)
	if err != nil {
		return "", err
	}
	var report struct {
		Checks map[string]struct {
			Status string          `json:"status"`
			Detail json.RawMessage `json:"detail"`
		} `json:"checks"`
	}
	if err := json.Unmarshal(body, &report); err != nil {
		return "", fmt.Errorf("read /readyz: %w", err)
	}
	part, there := report.Checks[name]
	if !there {
		return "", fmt.Errorf("/readyz says nothing of %s", name)
	}
	return part.Status + " " + string(part.Detail), nil
}

// readyzAtMost is more than any /readyz has, bytes.
const readyzAtMost = 1 << 20

func readyz(ctx context.Context, address string) (status int, body []byte, err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0, nil, fmt.Errorf("%q is not host:port: %w", address, err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	// No proxy: it is this machine. The certificate need not name it so, and who it is was settled by who could listen there.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for _, scheme := range []string{"http", "https"} {
		ask, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
		if err != nil {
			return 0, nil, fmt.Errorf("ask %s whether it is ready: %w", address, err)
		}
		answer, err := client.Do(ask)
		if err != nil {
			return 0, nil, fmt.Errorf("it does not answer: %w", err)
		}
		body, err = io.ReadAll(io.LimitReader(answer.Body, readyzAtMost))
		_ = answer.Body.Close()
		if status = answer.StatusCode; status != http.StatusBadRequest { // what net/http answers to plain text where it expects TLS
			return status, body, err
		}
	}
	return status, body, err
}
