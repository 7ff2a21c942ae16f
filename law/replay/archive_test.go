package replay_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/replay"
)

// An archive decides again what was recorded, weighed and in full; another hour of the
// day does not change what is decided, and is another record all the same.
func TestArchive(t *testing.T) {
	var a replay.Archive
	for _, r := range records(t) {
		for range 3 {
			e := r.Entry()
			if got := a.Keep(&r.Facts); got != e.Facts {
				t.Fatalf("the facts hash to %s, the decision says %s", got, e.Facts)
			}
			if err := a.Check(&e); err != nil {
				t.Errorf("%s: %v", e.Decision, err)
			}
			if err := a.CheckFully(&e); err != nil {
				t.Errorf("%s in full: %v", e.Decision, err)
			}
			for what, change := range map[string]func(*replay.Entry){
				"request": func(e *replay.Entry) { e.Request.Paid = !e.Request.Paid }, "hour": func(e *replay.Entry) { e.Request.At = e.Request.At.Add(time.Second) },
				"facts": func(e *replay.Entry) { e.Facts = e.Asked },
			} {
				changed := e
				change(&changed)
				if err := a.Check(&changed); !errors.Is(err, replay.ErrInputs) {
					t.Errorf("a changed %s: %v", what, err)
				}
				if err := a.CheckFully(&changed); !errors.Is(err, replay.ErrInputs) {
					t.Errorf("a changed %s, in full: %v", what, err)
				}
			}
			e.RuleBook = e.Facts
			if err := a.Check(&e); !errors.Is(err, replay.ErrRuleBook) {
				t.Errorf("another rule book: %v", err)
			}
			forged := r.Entry()
			forged.Weighed = forged.Facts
			if err := a.Check(&forged); !errors.Is(err, replay.ErrDiffers) {
				t.Errorf("a changed weighing: %v", err)
			}
			forged = r.Entry()
			forged.Decision = forged.Facts
			if err := a.CheckFully(&forged); !errors.Is(err, replay.ErrDiffers) {
				t.Errorf("a changed decision: %v", err)
			}
			r = replay.New(later(r.Request), r.Facts)
		}
	}
}

func later(r law.Request) law.Request {
	r.At = r.At.Add(time.Minute)
	return r
}

// entries are n decisions, no two alike: the scenarios, with other elements, forms and
// moments, on the facts of the scenario.
func entries(tb testing.TB, a *replay.Archive, records []replay.Record, n int) []replay.Entry {
	tb.Helper()
	var out []replay.Entry
	hashes := make([]string, len(records))
	for i := range records {
		hashes[i] = a.Keep(&records[i].Facts)
	}
	for i := range n {
		at := i % len(records)
		q := records[at].Request
		q.At = q.At.Add(time.Duration(i) * time.Second)
		if len(q.Elements) > 1 {
			q.Elements = slices.Delete(slices.Clone(q.Elements), i/len(records)%len(q.Elements), i/len(records)%len(q.Elements)+1)
		}
		known := law.Prepare(&q, &records[at].Facts)
		out = append(out, replay.Entry{Request: q, Asked: law.Digest(&q), Facts: hashes[at], RuleBook: law.RuleBook(), Weighed: known.Weighed()})
	}
	return out
}

// A million decisions are replayed in at most ten seconds of processor time (issue 4,
// bar 5). Nothing is remembered of one for the next but the facts that they share: each
// request is hashed, read and weighed anew. CHAPERONE_MILLION=1 runs them all,
// otherwise a fiftieth.
func TestMillionReplays(t *testing.T) {
	n := 20_000
	if os.Getenv("CHAPERONE_MILLION") != "" {
		n = 1_000_000
	}
	var a replay.Archive
	all := entries(t, &a, records(t), min(n, 20_000))
	from := spent(t)
	for i := range n {
		e := &all[i%len(all)]
		if err := a.Check(e); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d decisions in %v of processor time, %v each", n, spent(t)-from, (spent(t)-from)/time.Duration(n))
}

func spent(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkReplay is one decision of an archive: weighed; in full; and in full when
// the same was asked before on the same day.
func BenchmarkReplay(b *testing.B) {
	var a replay.Archive
	recorded := records(b)
	all := entries(b, &a, recorded, 2000)
	full := make([]replay.Entry, len(recorded))
	for i := range recorded {
		full[i] = recorded[i].Entry()
	}
	run := func(name string, each func(int) error) {
		b.Run(name, func(b *testing.B) {
			from := spent(b)
			for i := range b.N {
				if err := each(i); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(spent(b)-from)/float64(b.N), "cpu-ns/op")
		})
	}
	run("weighed", func(i int) error { return a.Check(&all[i%len(all)]) })
	run("full-alike", func(i int) error { return a.CheckFully(&full[i%len(full)]) })
	run("full", func(i int) error {
		if err := replay.Check(recorded[i%len(recorded)]); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
		return nil
	})
}
