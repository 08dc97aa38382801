package embedded

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root has another user to step down to")
	}
}

func TestRootStepsDownAndPassesAFolderThatOnlyRootMayEnter(t *testing.T) {
	needRoot(t)
	t.Parallel()
	private := dir(t)
	folder := filepath.Join(private, "clone", "data")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(private, 0o700); err != nil { // as /root is
		t.Fatal(err)
	}
	c := start(t, Settings{Dir: folder, Replica: true, Throwaway: true})
	waitReplica(t, c)
	if got := query(t, c.ReplicaDSNs()[0], "SELECT 'through'"); got != "through" {
		t.Errorf("got %q", got)
	}
	status := status(t, postmaster(t, c.primary.data))
	passed := strings.Contains(status, "CapEff:\t0000000000000004") || strings.Contains(status, "CapEff:\t0000000000000002") // in a container
	if strings.Contains(status, "Uid:\t0\t") || !passed {
		t.Errorf("the server is root, or has other capabilities than the one to pass folders:\n%s", status)
	}
	if info, err := os.Stat(private); err != nil || info.Mode().Perm() != 0o700 || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("the folder above ours was changed: %v, %v", info, err)
	}
}

func TestNoCapabilityIsPassedWhereNoneIsNeeded(t *testing.T) {
	needRoot(t)
	t.Parallel()
	c := start(t, Settings{Dir: begun(t, dir(t)), Throwaway: true})
	if s := status(t, postmaster(t, c.primary.data)); !strings.Contains(s, "CapEff:\t0000000000000000") || strings.Contains(s, "Uid:\t0\t") {
		t.Errorf("the server has more rights than it needs:\n%s", s)
	}
}

func TestAFolderThatCannotBePassedIsExplained(t *testing.T) {
	needRoot(t)
	before := passable
	passable = nil // as in a container that keeps no such capability
	t.Cleanup(func() { passable = before })
	private := dir(t)
	folder := filepath.Join(private, "data")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(private, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Settings{Dir: folder})
	if err == nil || !strings.Contains(err.Error(), "database.embedded.data") {
		t.Errorf("answered %v, want the mend", err)
	}
}

// An ordinary user runs everything as themselves: here the user nobody, in a process of its own.
func TestAnOrdinaryUserCanStart(t *testing.T) {
	needRoot(t)
	t.Parallel()
	public := dir(t)
	if err := os.Chmod(public, 0o755); err != nil {
		t.Fatal(err)
	}
	binary, folder := filepath.Join(public, "holder"), filepath.Join(public, "data")
	copyFile(t, os.Args[0], binary)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	if err := os.Chown(folder, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	h := &holder{cmd: exec.Command(binary)}
	h.cmd.Env = append(os.Environ(), holdFolder+"="+folder)
	h.cmd.Dir = public
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	h.run(t)
	h.says(t, "replica <nil>")
	state, running := Running(folder)
	if !running || query(t, state.PrimaryDSN, "SELECT 'served'") != "served" {
		t.Errorf("Running = %+v, %v", state, running)
	}
	if s := status(t, postmaster(t, filepath.Join(folder, "primary"))); !strings.Contains(s, "Uid:\t65534\t") {
		t.Errorf("the server runs as somebody else:\n%s", s)
	}
	h.kill()
	// Root takes over what an ordinary user began, as the user who owns it.
	c := start(t, Settings{Dir: folder, Throwaway: true})
	if s := status(t, postmaster(t, c.primary.data)); !strings.Contains(s, "Uid:\t65534\t") {
		t.Errorf("the server runs as somebody else:\n%s", s)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = io.Copy(out, in)
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// status is what Linux tells of a process.
func status(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Skipf("no /proc here: %v", err)
	}
	return string(text)
}
