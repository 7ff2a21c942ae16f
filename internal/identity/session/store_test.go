package session

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
)

func open(t *testing.T, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "session.db"), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func data(t *testing.T, user, id string, seen int64) []byte {
	t.Helper()
	b, err := scs.GobCodec{}.Encode(time.Now(), map[string]any{User: user, ID: id, Began: int64(100), Seen: seen})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSessionsExpire(t *testing.T) {
	now := time.Unix(1000, 0)
	s := open(t, func() time.Time { return now })
	if err := s.Commit("t1", data(t, "u-1", "s-1", 900), time.Unix(1010, 0)); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Find("t1"); !ok || err != nil {
		t.Errorf("Find before the expiry = %v, %v", ok, err)
	}
	now = time.Unix(1010, 0)
	if _, ok, err := s.Find("t1"); ok || err != nil {
		t.Errorf("Find at the expiry = %v, %v", ok, err)
	}
	if n, err := s.Purge(t.Context()); err != nil || n != 1 {
		t.Fatalf("Purge = %d, %v", n, err)
	}
	var n int
	if err := s.db.QueryRow(`select count(*) from session`).Scan(&n); err != nil || n != 0 {
		t.Errorf("after Purge %d sessions are kept, %v", n, err)
	}
}

// A request that was under way when its session ended commits afterwards.
func TestEndedStaysEnded(t *testing.T) {
	s := open(t, func() time.Time { return time.Unix(1000, 0) })
	for name, end := range map[string]func() error{
		"signed out":      func() error { return s.Delete("t1") },
		"ended elsewhere": func() error { return s.End(t.Context(), "u-1", "s-1") },
		"disabled":        func() error { return s.EndAll(t.Context(), "u-1") },
	} {
		s.db.Exec(`delete from session`)
		if err := s.Commit("t1", data(t, "u-1", "s-1", 900), time.Unix(2000, 0)); err != nil {
			t.Fatal(err)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit("t1", data(t, "u-1", "s-1", 901), time.Unix(2000, 0)); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.Find("t1"); ok || err != nil {
			t.Errorf("%s: the session came back: %v, %v", name, ok, err)
		}
	}
}

func TestOwnSessionsOnly(t *testing.T) {
	s := open(t, func() time.Time { return time.Unix(1000, 0) })
	for _, x := range []struct {
		token, user, id string
		seen            int64
	}{{"t1", "u-1", "s-1", 900}, {"t2", "u-1", "s-2", 950}, {"t3", "u-2", "s-3", 960}} {
		if err := s.Commit(x.token, data(t, x.user, x.id, x.seen), time.Unix(2000, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.End(t.Context(), "u-1", "s-3"); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := s.Find("t3"); !ok {
		t.Error("a person ended somebody else's session")
	}
	got, err := s.Of(t.Context(), "u-1")
	if err != nil || len(got) != 2 || got[0].ID != "s-2" || got[1].ID != "s-1" || got[0].Seen.Unix() != 950 {
		t.Errorf("Of(u-1) = %v, %v", got, err)
	}
}

func TestForeignDataIsRefused(t *testing.T) {
	s := open(t, time.Now)
	if err := s.Commit("t1", []byte("not a session"), time.Now().Add(time.Hour)); err == nil {
		t.Error("data that is no session was kept")
	}
}
