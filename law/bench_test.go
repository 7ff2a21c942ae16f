package law_test

import (
	"strconv"
	"syscall"
	"testing"
	"time"

	"chaperone.example/law"
	"chaperone.example/law/rule"
)

// The request of the example: a business associate's readmission project.
func benchCase() (law.Request, law.Facts) {
	return request("hospital-a", "msp"), facts(agreement("baa-1", "hospital-a", "msp", "baa"))
}

// cpu has the benchmark report processor time besides the wall's: it holds on a
// machine that is busy with other work.
func cpu(b *testing.B) {
	from := spent(b)
	b.Cleanup(func() { b.ReportMetric(float64(spent(b)-from)/float64(b.N), "cpu-ns/op") })
}

// spent is the processor time of this process so far.
func spent(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkWeigh is the core: one class, every rule, no allocation.
func BenchmarkWeigh(b *testing.B) {
	r, f := benchCase()
	c := law.Prepare(&r, &f)
	var v law.Verdict
	b.ReportAllocs()
	cpu(b)
	for b.Loop() {
		c.Weigh(0, &v)
	}
}

// BenchmarkExplain is a decision with every line, basis, reason and obligation.
func BenchmarkExplain(b *testing.B) {
	r, f := benchCase()
	c := law.Prepare(&r, &f)
	b.ReportAllocs()
	cpu(b)
	for b.Loop() {
		c.Explain()
	}
}

// BenchmarkRemedies is a refusal with the search for remedies.
func BenchmarkRemedies(b *testing.B) {
	r, f := benchCase()
	f.Agreements[0].Terminated = day("2026-10-31")
	c := law.Prepare(&r, &f)
	b.ReportAllocs()
	cpu(b)
	for b.Loop() {
		c.Explain()
	}
}

// BenchmarkPrepare reads a request and its facts.
func BenchmarkPrepare(b *testing.B) {
	r, f := benchCase()
	b.ReportAllocs()
	cpu(b)
	for b.Loop() {
		law.Prepare(&r, &f)
	}
}

// BenchmarkDecide is everything, hashes included.
func BenchmarkDecide(b *testing.B) {
	r, f := benchCase()
	b.ReportAllocs()
	cpu(b)
	for b.Loop() {
		law.Decide(r, f)
	}
}

// BenchmarkCohort is a decision about more and more patients of the same four classes:
// its cost depends on the classes alone (issue 4, bar 5).
func BenchmarkCohort(b *testing.B) {
	for _, patients := range []int{10, 1_000, 100_000} {
		b.Run(strconv.Itoa(patients), func(b *testing.B) {
			r, f := benchCase()
			for i, part2 := range []law.Answer{law.No, law.No, law.Unknown, law.Yes} {
				f.Classes = append(f.Classes, law.Class{ID: strconv.Itoa(i), Count: patients / 4, Related: []string{"hospital-a"}, Pertains: law.Yes, Part2: part2, Minor: law.Is(i == 1)})
			}
			c := law.Prepare(&r, &f)
			b.ReportAllocs()
			cpu(b)
			for b.Loop() {
				c.Explain()
			}
		})
	}
}

// TestSlowestExplanation reports the most that explaining one of the scenarios takes,
// remedies included: the bar is a millisecond.
func TestSlowestExplanation(t *testing.T) {
	slowest, where := time.Duration(0), ""
	for _, one := range scenarios(t) {
		c := law.Prepare(&one.Request, &one.Facts)
		const times = 20
		from := spent(t)
		for range times {
			c.Explain()
		}
		if took := (spent(t) - from) / times; took > slowest {
			slowest, where = took, one.Case
		}
	}
	t.Logf("%v of processor time: %s", slowest, where)
}

func TestWeighingAllocatesNothing(t *testing.T) {
	r, f := benchCase()
	c := law.Prepare(&r, &f)
	var v law.Verdict
	if n := testing.AllocsPerRun(100, func() { c.Weigh(0, &v); c.Each(&v, func(string, law.Treatment, *law.Rule) {}) }); n != 0 {
		t.Errorf("weighing allocates %v times", n)
	}
}

// The conditions and rules fit the sets they are kept in.
func TestBookFits(t *testing.T) {
	if n := len(rule.Conditions()); n > 256 {
		t.Errorf("%d conditions", n)
	}
	if n := len(law.Rules()); n < 90 || n > 255 {
		t.Errorf("%d rules", n)
	}
}
