package policy

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"chaperone.example/law"
)

// One run on the same policy and the same requests (issue 4, bar 5): an explained
// decision of package law, with every basis, reason, obligation and remedy, beside a
// bare one of OPA, embedded with a prepared query and parsed input, and beside
// Cedar, which is given every condition read beforehand, and tells which policies
// decided: what it answers is compared with the same of a case that is read, weighed
// with the rule of every element named, and with the written decision too.
// Rounds are interleaved and processor time is compared, since the machine may be busy;
// of the rounds the median ratio counts. With CHAPERONE_PACE=1 more rounds are run, and
// the bars are held to.
func TestPace(t *testing.T) {
	rounds := 3
	if os.Getenv("CHAPERONE_PACE") != "" {
		rounds = 15
	}
	o, err := NewOracle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCedar()
	if err != nil {
		t.Fatal(err)
	}
	const n = 40
	requests, facts := make([]law.Request, n), make([]law.Facts, n)
	inputs, asked := make([]ast.Value, n), make([]Asked, n)
	elements := 0
	for i := range n {
		requests[i], facts[i] = New(uint64(1000 + i)).Case()
		facts[i].Classes = facts[i].Classes[:1]
		elements += len(requests[i].Elements)
		if inputs[i], err = Input(requests[i], facts[i]); err != nil {
			t.Fatal(err)
		}
		asked[i] = Ask(&requests[i], &facts[i])
	}
	t.Logf("%d requests of %d elements on average; %d policies in Cedar", n, elements/n, c.rules)
	var ours, weighed, opa, ced, byOPA, byCedar, byWritten []float64
	cases := make([]*law.Case, n)
	for i := range n {
		cases[i] = law.Prepare(&requests[i], &facts[i])
	}
	for range rounds {
		const more = 20 // ours is run more often, or the clock would not see it
		a := spent(t)
		for range more {
			for i := range n {
				law.Prepare(&requests[i], &facts[i]).Explain()
			}
		}
		b := spent(t)
		var v law.Verdict
		named := 0
		const many = 2000
		for range many {
			for i := range n {
				cases[i].Weigh(0, &v)
				cases[i].Each(&v, func(string, law.Treatment, *law.Rule) { named++ })
			}
		}
		w := spent(t)
		for i := range n {
			if _, err := o.Eval(t.Context(), inputs[i]); err != nil {
				t.Fatal(err)
			}
		}
		d := spent(t)
		for i := range n {
			c.Decide(asked[i])
		}
		e := spent(t)
		us, bare, them, cedar := float64(b-a)/more/n, float64(w-b)/many/n, float64(d-w)/n, float64(e-d)/n
		ours, weighed, opa, ced = append(ours, us), append(weighed, bare), append(opa, them), append(ced, cedar)
		byOPA, byCedar, byWritten = append(byOPA, them/us), append(byCedar, cedar/bare), append(byWritten, cedar/us)
	}
	micro := func(list []float64) float64 { return median(list) / float64(time.Microsecond) }
	t.Logf("law: read and explained %.1f µs, weighed with the rule of every element %.2f µs", micro(ours), micro(weighed))
	t.Logf("OPA %.0f µs: %.0f times the explained decision", micro(opa), median(byOPA))
	t.Logf("Cedar %.0f µs: %.0f times the same, %.1f times the explained decision", micro(ced), median(byCedar), median(byWritten))
	if os.Getenv("CHAPERONE_PACE") != "" && (median(byOPA) < 50 || median(byCedar) < 12) {
		t.Error("less than 50 times faster than OPA, explained, or than 12 times Cedar, weighed")
	}
}

func median(list []float64) float64 {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}

func spent(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
