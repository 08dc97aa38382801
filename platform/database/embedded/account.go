package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is the user whom PostgreSQL runs as. PostgreSQL refuses to run as root, so a root process steps down.
type account struct {
	credential *syscall.Credential // nil: the user we already are
	name       string
	capability uintptr // passed on so that the user can enter a folder that only root may; 0: none is needed
}

// chooseAccount finds the user to run as: ourselves if we are not root; else whoever owns the data already, the user postgres,
// or nobody. It then makes sure, by trying, that this user can start the programs with the folder as its working directory.
func chooseAccount(ctx context.Context, f folder, p Programs) (account, error) {
	a := account{name: strconv.Itoa(os.Geteuid())}
	if os.Geteuid() == 0 {
		var err error
		if a, err = stepDown(f); err != nil {
			return account{}, err
		}
	}
	err := a.try(ctx, f, p)
	if err == nil || a.credential == nil {
		return a, err
	}
	for _, capability := range passable {
		a.capability = capability
		if a.try(ctx, f, p) == nil {
			return a, nil
		}
	}
	return account{}, fmt.Errorf("PostgreSQL does not run as root, and the user %s may not enter %s, nor may we let it in here: %w; "+
		"move BookVault out of the folder that only root may enter, or set database.embedded.data to one that anybody may pass through, "+
		"such as /var/lib/bookvault", a.name, f, err)
}

func stepDown(f folder) (account, error) {
	if info, err := os.Stat(f.primary()); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
			return account{credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}, name: strconv.Itoa(int(owner.Uid))}, nil
		}
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr != nil || gidErr != nil || uid == 0 {
			continue
		}
		return account{credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, name: name}, nil
	}
	return account{}, errors.New("PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody; " +
		"add one (useradd --system postgres), or start BookVault as an ordinary user")
}

// try does what the servers will do, as the user that they will run as: enter the folder and run a program. The shell enters
// it, since a capability that is passed on works only once a program runs: not yet for exec.Cmd's own Dir.
func (a account) try(ctx context.Context, f folder, p Programs) error {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `cd -- "$1" && exec "$2" --version`, "sh", string(f), p.path("postgres"))
	cmd.Dir, cmd.SysProcAttr = "/", a.attributes()
	if words, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running %s as user %s: %w: %s", p.path("postgres"), a.name, err, bytes.TrimSpace(words))
	}
	return nil
}

// attributes make a command run as the account, in a session of its own, so that Ctrl-C in a terminal reaches us alone and
// the servers stay until the requests in flight are answered.
func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true, Credential: a.credential}
	if a.capability != 0 {
		passCapability(attr, a.capability)
	}
	return attr
}

// own gives one folder to the account.
func (a account) own(dir string) error {
	if a.credential == nil {
		return nil
	}
	if err := os.Lchown(dir, int(a.credential.Uid), int(a.credential.Gid)); err != nil {
		return fmt.Errorf("giving %s to user %s: %w", dir, a.name, err)
	}
	return nil
}

// makeFolder makes a folder that only the account may enter.
func (a account) makeFolder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("making a folder for PostgreSQL: %w", err)
	}
	return a.own(dir)
}
