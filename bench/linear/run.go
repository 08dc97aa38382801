package linear

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Setting is what a run works on. Each copy is the only one of its title, at the default branch, free at the beginning and held by nobody;
// the members have no loans.
type Setting struct {
	Address    string // of the server, or of each of its lives
	Token      string // of a desk
	Cards      []string
	Barcodes   []string        // at most 64
	Books      []int64         // their titles
	Operations int             // at most
	Until      <-chan struct{} // closed: send no more; nil: there is no such thing
	Clients    int
	Seed       uint64
	Run        string        // tells the Idempotency-Keys of this run from those of others
	Answered   *atomic.Int64 // counts answers; nil: nobody does
	// Patience is how long a command is asked again, with its key, when the answer was lost or is not known.
	Patience time.Duration
}

// Record sends commands at random, and gives the history. A command whose answer was lost is asked again with the same Idempotency-Key
// until it is answered: it lasts from the first question to the last answer. Any answer that is no success, no refusal and no "try
// again" ends the run.
func Record(ctx context.Context, s Setting) ([]Recorded, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: s.Clients}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	var left atomic.Int64
	left.Store(int64(s.Operations))
	histories := make([][]Recorded, s.Clients)
	begun := time.Now()
	var all sync.WaitGroup
	for n := range s.Clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(s.Seed, uint64(n)))
			for i := 0; left.Add(-1) >= 0 && ctx.Err() == nil; i++ {
				select {
				case <-s.Until:
					return
				default:
				}
				c := Command{Kind: []Kind{Lend, Lend, Return, Return, Hold}[random.IntN(5)], Item: random.IntN(len(s.Barcodes)), Member: random.IntN(len(s.Cards))}
				if c.Kind == Return {
					c.Member = -1
				}
				r := Recorded{Client: n, Command: c, Begin: int64(time.Since(begun))}
				var err error
				if r.Answer, err = s.ask(ctx, client, c, fmt.Sprintf("%s-%d-%d", s.Run, n, i)); err != nil {
					cancel(err)
					return
				}
				r.End = int64(time.Since(begun))
				if s.Answered != nil {
					s.Answered.Add(1)
				}
				histories[n] = append(histories[n], r)
			}
		})
	}
	all.Wait()
	var history []Recorded
	for _, h := range histories {
		history = append(history, h...)
	}
	if err := context.Cause(ctx); err != nil {
		return history, err
	}
	return history, whose(history)
}

// whose finds out whose loans were closed: each was made by a command of the history, since the copies were free and the members had none. (Answers
// name the member's card too, but leave it out when members cannot be asked.)
func whose(history []Recorded) error {
	members := map[int64]int{}
	for _, r := range history {
		if r.Command.Kind == Lend && r.Answer.OK {
			if _, twice := members[r.Answer.loan]; twice || r.Answer.loan == 0 {
				return fmt.Errorf("two loans, or one without a name, are called %d", r.Answer.loan)
			}
			members[r.Answer.loan] = r.Command.Member
		}
	}
	for i, r := range history {
		if r.Command.Kind != Return || r.Answer.loan == 0 {
			continue
		}
		member, known := members[r.Answer.loan]
		if !known {
			return fmt.Errorf("%+v closed the loan %d, which nobody made", r.Command, r.Answer.loan)
		}
		history[i].Answer.Closed = member
	}
	return nil
}

// ask sends a command until it is answered.
func (s Setting) ask(ctx context.Context, client *http.Client, c Command, key string) (Answer, error) {
	path, body := "/api/borrowing/v1/loans", map[string]any{}
	switch c.Kind {
	case Lend:
		body["member_card"], body["barcode"] = s.Cards[c.Member], s.Barcodes[c.Item]
	case Return:
		path, body["barcode"] = "/api/borrowing/v1/check-ins", s.Barcodes[c.Item]
	case Hold:
		path, body["member_card"], body["book_id"] = "/api/borrowing/v1/holds", s.Cards[c.Member], s.Books[c.Item]
	}
	text, err := json.Marshal(body)
	if err != nil {
		return Answer{}, err
	}
	deadline := time.Now().Add(s.Patience)
	for {
		status, said, err := s.send(ctx, client, path, text, key)
		if err == nil {
			if answer, final, err := s.read(c, status, said); final || err != nil {
				return answer, err
			}
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return Answer{}, fmt.Errorf("%+v was not answered: %d %.200s (%w)", c, status, said, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s Setting) send(ctx context.Context, client *http.Client, path string, body []byte, key string) (status int, said []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.Address+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.Token)
	r.Header.Set("Idempotency-Key", key)
	answer, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	said, err = io.ReadAll(answer.Body)
	return answer.StatusCode, said, err
}

// read understands an answer; final is false where the command is to be asked again.
func (s Setting) read(c Command, status int, said []byte) (a Answer, final bool, err error) {
	var body struct {
		ID         int64
		Code       string
		Reasons    []struct{ Code string }
		ClosedLoan *struct{ ID int64 } `json:"closed_loan"`
	}
	if err := json.Unmarshal(said, &body); err != nil {
		return a, false, fmt.Errorf("%+v was answered %d %.200s: %w", c, status, said, err)
	}
	a.Closed = -1
	switch {
	case status < 300:
		a.OK = true
		if body.ClosedLoan != nil {
			a.loan = body.ClosedLoan.ID
		} else if c.Kind == Lend {
			a.loan = body.ID
		}
		return a, true, nil
	case status == http.StatusConflict && len(body.Reasons) > 0:
		for _, r := range body.Reasons {
			a.Reasons = append(a.Reasons, r.Code)
		}
		return a, true, nil
	case status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout, status == http.StatusInternalServerError && body.Code != "", body.Code == "idempotency_in_progress":
		return a, false, nil // it left no trace, or is not known: its key finds out
	}
	return a, false, fmt.Errorf("%+v was answered %d %.300s", c, status, said)
}
