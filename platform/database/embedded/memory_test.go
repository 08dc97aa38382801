package embedded

import "testing"

func TestSharedBuffersFollowTheMemory(t *testing.T) {
	for memory, want := range map[int64]string{0: "256MB", 2 << 30: "256MB", 8 << 30: "512MB", 24 << 30: "1536MB", 512 << 30: "2048MB"} {
		if got := sharedBuffers(memory); got != want {
			t.Errorf("%d bytes: %s, want %s", memory, got, want)
		}
	}
	if got := totalMemory([]byte("MemFree:  5 kB\nMemTotal:       24576 kB\n")); got != 24<<20 {
		t.Errorf("%d bytes of 24576 kB", got)
	}
	if got := totalMemory([]byte("nothing")); got != 0 {
		t.Errorf("%d bytes of nothing", got)
	}
}
