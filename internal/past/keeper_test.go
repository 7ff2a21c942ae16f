package past_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"chaperone.example/internal/past"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
)

func openFile(_ context.Context, path string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(off)&_pragma=busy_timeout(10000)&_txlock=immediate")
}

// filled returns a ledger of n counts, and a keeper of its past.
func filled(t testing.TB, n int, patience time.Duration) (*ledger.Desk, *past.Keeper) {
	t.Helper()
	s := ledgertest.Stores()[0]
	c, _ := ledgertest.Counting(t, s.Open(t, s.Fresh(t)))
	d := ledgertest.Desk(t, c)
	done := make(chan error, 64)
	for lane := range 64 { // many at a time, so that they share commits
		go func() {
			var err error
			id := fmt.Sprint(lane)
			if lane < n {
				_, err = ledger.Do(t.Context(), d, ledgertest.Alice, ledgertest.Counts, id, ledgertest.Begin{With: "south"})
			}
			for i := lane + 64; i < n && err == nil; i += 64 {
				_, err = ledger.Do(t.Context(), d, ledgertest.Alice, ledgertest.Counts, id, ledgertest.Add{By: 1})
			}
			done <- err
		}()
	}
	for range 64 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	k := past.New(past.Config{Live: d.Log, Dir: t.TempDir(), Open: openFile, Now: time.Now, Patience: patience})
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, k
}

func at(record int64) past.Moment { return past.Moment{Record: record, Clock: past.Recorded} }

// A moment is computed once and kept within bounds; what takes long says how far it is.
func TestKeeper(t *testing.T) {
	d, k := filled(t, 500, time.Minute)
	for _, record := range []int64{10, 499, 250, 10, 3, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116} {
		log, err := k.At(t.Context(), at(record))
		if err != nil {
			t.Fatal(err)
		}
		if h, err := log.Head(t.Context()); err != nil || h.N != record+1 {
			t.Errorf("as of record %d: %d records, %v", record, h.N, err)
		}
	}
	if _, err := k.At(t.Context(), at(500)); err == nil {
		t.Error("the future was computed")
	}
	if _, err := k.At(t.Context(), past.Moment{At: time.Now(), Clock: past.Happened}); err != nil {
		t.Error(err)
	}

	hasty := past.New(past.Config{Live: d.Log, Dir: t.TempDir(), Open: openFile, Now: time.Now, Patience: time.Nanosecond})
	defer hasty.Close()
	var computing *past.Computing
	if _, err := hasty.At(t.Context(), at(400)); !errors.As(err, &computing) || computing.All != 401 {
		t.Errorf("without patience: %v", err)
	}
	small := past.New(past.Config{Live: d.Log, Dir: t.TempDir(), Open: openFile, Now: time.Now, Most: 100})
	defer small.Close()
	if _, err := small.At(t.Context(), at(400)); err == nil || errors.As(err, &computing) {
		t.Errorf("more than is gone through: %v", err)
	}
}

// How long a moment of the past takes, of a ledger of CHAPERONE_PAST records: the first
// time, again, and a thousand records later.
func TestHowLongAPastTakes(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("CHAPERONE_PAST"))
	if err != nil {
		t.Skip("CHAPERONE_PAST says how many records to measure with: 100000")
	}
	_, k := filled(t, n, time.Hour)
	for name, record := range map[string]int64{"1 first": int64(n) - 2000} {
		start := time.Now()
		if _, err := k.At(t.Context(), at(record)); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %v", name, time.Since(start))
		start = time.Now()
		if _, err := k.At(t.Context(), at(record)); err != nil {
			t.Fatal(err)
		}
		t.Logf("again: %v", time.Since(start))
		start = time.Now()
		if _, err := k.At(t.Context(), at(record+1000)); err != nil {
			t.Fatal(err)
		}
		t.Logf("a thousand records later: %v", time.Since(start))
	}
}

func TestParse(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ text, want string }{
		{"2026-03-01", "2026-03-01T23:59:59.999999Z"}, {"2026-03-02", "2026-03-02T12:00:00Z"}, {"2026-03-01T09:00:00-05:00", "2026-03-01T09:00:00-05:00"},
		{"2026-03-01T09:00:00 05:30", "2026-03-01T09:00:00+05:30"}, {"#0", "#0"}, {"#123", "#123"},
	} {
		m, err := past.Parse(tt.text, "", now)
		if err != nil || m.String() != tt.want {
			t.Errorf("Parse(%q) = %v, %v, want %s", tt.text, m, err, tt.want)
		}
	}
	for _, text := range []string{"", "#", "#-1", "#1.5", "2026-03-03", "2026-03-02T12:00:01Z", "1969-01-01", "2026-02-30", "now"} {
		if m, err := past.Parse(text, "", now); err == nil {
			t.Errorf("Parse(%q) = %v", text, m)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-03-01", "2026-03-01T09:00:00-05:00", "#123", "#", ""} {
		f.Add(s, "happened")
	}
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text, clock string) {
		m, err := past.Parse(text, clock, now)
		if err != nil {
			return
		}
		again, err := past.Parse(m.String(), string(m.Clock), now)
		if err != nil || again.Clock != m.Clock || again.Record != m.Record || !again.At.Equal(m.At) {
			t.Errorf("%q is read as %v, and that as %v (%v)", text, m, again, err)
		}
	})
}
