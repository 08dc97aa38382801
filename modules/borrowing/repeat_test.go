package borrowing_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

// once makes an order with a key, keeping answers as the API does: as JSON, with refusals by their code.
func once(key, body string) borrowing.Order {
	return borrowing.Order{Once: &borrowing.Once{Caller: "member/9001", Route: "POST /loans", Key: key, Hash: []byte(body),
		Encode: func(result any, refused *problem.Error) (int, []byte, error) {
			if refused != nil {
				return refused.Kind.Status(), []byte(refused.Code), nil
			}
			b, err := json.Marshal(result.(borrowing.Lent).ID)
			return 201, b, err
		}}}
}

func repeated(t *testing.T, err error) *borrowing.Repeated {
	t.Helper()
	var r *borrowing.Repeated
	if !errors.As(err, &r) {
		t.Fatalf("not a repetition: %v", err)
	}
	return r
}

func TestTheSameKeyHasOneEffectAndTheSameAnswer(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	l.add("B2", 2)
	cmd := borrowing.CheckOut{Card: "C1", Barcode: "B1"}
	lent, err := l.CheckOut(desk(), cmd, once("k1", "a"))
	must(t, err)
	id, _ := json.Marshal(lent.ID)
	_, err = l.CheckOut(desk(), cmd, once("k1", "a"))
	if r := repeated(t, err); r.Status != 201 || string(r.Body) != string(id) {
		t.Errorf("again %d %s", r.Status, r.Body)
	}
	if _, err = l.CheckOut(desk(), cmd, once("k1", "b")); code(err) != "idempotency_key_reused" || problem.Of(err).Kind.Status() != 422 {
		t.Errorf("another body: %v", err)
	}
	// A refusal is remembered too, also when it would be none any more.
	_, err = l.CheckOut(desk(), borrowing.CheckOut{Card: "C2", Barcode: "B1"}, once("k2", "a"))
	if code(err) != borrowing.ItemOnLoan {
		t.Errorf("refused: %v", err)
	}
	l.checkIn("B1", "main")
	_, err = l.CheckOut(desk(), borrowing.CheckOut{Card: "C2", Barcode: "B1"}, once("k2", "a"))
	if r := repeated(t, err); r.Status != 409 || string(r.Body) != borrowing.ItemOnLoan {
		t.Errorf("again %d %s", r.Status, r.Body)
	}
	// So is a card or barcode that is not known.
	_, err = l.CheckOut(desk(), borrowing.CheckOut{Card: "C2", Barcode: "nothing"}, once("k3", "a"))
	if code(err) != "item_not_found" {
		t.Error(err)
	}
	_, err = l.CheckOut(desk(), borrowing.CheckOut{Card: "C2", Barcode: "nothing"}, once("k3", "a"))
	if r := repeated(t, err); r.Status != 404 {
		t.Errorf("again %d", r.Status)
	}
	// After 30 days the key is new.
	l.clock.move(31 * 24 * time.Hour)
	must(t, second(l.CheckOut(desk(), cmd, once("k1", "b"))))
	l.keepHouse()
	if n := l.count("borrowing.idempotency_keys"); n != 1 {
		t.Errorf("%d keys are left", n)
	}
	l.consistent()
}

func TestTheSameKeyAtOnce(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	got := map[string]int{}
	for range 10 {
		for outcome, n := range atOnce(16, func(int) error {
			_, err := l.CheckOut(desk(), borrowing.CheckOut{Card: "C1", Barcode: "B1"}, once("k1", "a"))
			if r, ok := errors.AsType[*borrowing.Repeated](err); ok {
				if r.Status != 201 {
					t.Errorf("answered %d %s", r.Status, r.Body)
				}
				return problem.Conflict("repeated", "")
			}
			return err
		}) {
			got[outcome] += n
		}
	}
	if got[""] != 1 || got["repeated"]+got["idempotency_in_progress"] != 159 || l.count("borrowing.loans") != 1 {
		t.Errorf("outcomes %v, %d loans", got, l.count("borrowing.loans"))
	}
	l.consistent()
}
