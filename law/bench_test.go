package law_test

import (
	"testing"

	"chaperone.example/law"
	"chaperone.example/law/rule"
)

// The request of the example: a business associate's readmission project.
func benchCase() (law.Request, law.Facts) {
	return request("hospital-a", "msp"), facts(agreement("baa-1", "hospital-a", "msp", "baa"))
}

// BenchmarkWeigh is the core: one class, every rule, no allocation.
func BenchmarkWeigh(b *testing.B) {
	r, f := benchCase()
	c := law.Prepare(&r, &f)
	var v law.Verdict
	b.ReportAllocs()
	for b.Loop() {
		c.Weigh(0, &v)
	}
}

// BenchmarkExplain is a decision with every line, basis, reason and obligation.
func BenchmarkExplain(b *testing.B) {
	r, f := benchCase()
	c := law.Prepare(&r, &f)
	b.ReportAllocs()
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
	for b.Loop() {
		c.Explain()
	}
}

// BenchmarkPrepare reads a request and its facts.
func BenchmarkPrepare(b *testing.B) {
	r, f := benchCase()
	b.ReportAllocs()
	for b.Loop() {
		law.Prepare(&r, &f)
	}
}

// BenchmarkDecide is everything, hashes included.
func BenchmarkDecide(b *testing.B) {
	r, f := benchCase()
	b.ReportAllocs()
	for b.Loop() {
		law.Decide(r, f)
	}
}

func TestWeighingAllocatesNothing(t *testing.T) {
	r, f := benchCase()
	c := law.Prepare(&r, &f)
	var v law.Verdict
	if n := testing.AllocsPerRun(100, func() { c.Weigh(0, &v) }); n != 0 {
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
