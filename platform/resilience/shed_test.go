package resilience

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheLeastImportantAreShedFirst(t *testing.T) {
	s := NewShedder(ShedSettings{Least: 10, Most: 10})
	tests := []struct {
		name string
		who  Priority
		more int // that are let in on top of those before
	}{{"robots", Robots, 5}, {"the public", Public, 3}, {"members", Members, 1}, {"the desk", Desk, 50}}
	for _, test := range tests {
		in := 0
		for range 50 {
			if _, admitted := s.Admit(test.who); admitted {
				in++
			}
		}
		if in != test.more {
			t.Errorf("%s: %d of 50 let in, want %d", test.name, in, test.more)
		}
	}
	off := NewShedder(ShedSettings{Least: 1, Most: 1, Enabled: func() bool { return false }})
	for range 50 {
		if _, admitted := off.Admit(Robots); !admitted {
			t.Fatal("switched off, and somebody is shed")
		}
	}
}

func TestEveryPlaceIsGivenBack(t *testing.T) {
	s := NewShedder(ShedSettings{Least: 1, Most: 1})
	for i := range 100 {
		done, admitted := s.Admit(Members)
		if !admitted {
			t.Fatalf("request %d finds no place", i)
		}
		done(i%2 == 0)
	}
}

// Five times as much is asked as can be done, and nobody stops asking: nearly as much is done as could be, in good time, and the desk
// hears no refusal. Without a shedder everything waits, and nothing is done in time.
func TestUnderOverloadWhatIsDoneIsDoneInTime(t *testing.T) {
	const places, each, seconds = 10, 10 * time.Millisecond, 4
	const capacity = float64(places) * float64(time.Second/each) // a second
	run := func(enabled bool) (good float64, deskServed float64) {
		synctest.Test(t, func(t *testing.T) {
			s := NewShedder(ShedSettings{Least: 20, Most: 400, Enabled: func() bool { return enabled }})
			server := make(chan struct{}, places)
			var lock sync.Mutex
			var inTime, desk, deskIn int
			var all sync.WaitGroup
			mix := []Priority{Robots, Public, Public, Members, Public, Robots, Public, Members, Public, Desk, Public, Public, Robots, Public, Public, Members, Public, Public, Robots, Public}
			for i := range int(5 * capacity * seconds) {
				who := mix[i%len(mix)]
				all.Go(func() {
					asked := time.Now()
					done, admitted := s.Admit(who)
					if admitted {
						server <- struct{}{}
						time.Sleep(each)
						<-server
						done(true)
					}
					lock.Lock()
					defer lock.Unlock()
					if who == Desk {
						desk++
					}
					if admitted && time.Since(asked) < 250*time.Millisecond {
						inTime++
						if who == Desk {
							deskIn++
						}
					}
				})
				time.Sleep(time.Duration(float64(time.Second) / (5 * capacity)))
			}
			all.Wait()
			good, deskServed = float64(inTime)/(capacity*seconds), float64(deskIn)/float64(desk)
		})
		return good, deskServed
	}
	if good, desk := run(true); good < 0.9 || desk < 0.99 {
		t.Errorf("%.2f of what can be done is done in time, and %.3f of the desk's requests", good, desk)
	}
	if good, desk := run(false); good > 0.5 || desk > 0.5 {
		t.Errorf("without: %.2f, and %.3f of the desk's", good, desk)
	}
}
