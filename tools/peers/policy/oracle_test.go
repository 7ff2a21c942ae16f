package policy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chaperone.example/law"
	"chaperone.example/law/casefile"
	"chaperone.example/law/fact"
)

// Ten thousand random requests decide as the encoding in Rego does: outcome, form, and
// each element of each class (issue 4, bar 4). CHAPERONE_ORACLE is how many are tried, as
// a number or as seeds from and to: 5000-10000. CHAPERONE_ORACLE_CASE=1 prints the facts
// of what differs.
func TestOracleAgrees(t *testing.T) {
	first, end := 0, 300
	if s := os.Getenv("CHAPERONE_ORACLE"); s != "" {
		from, to, ok := strings.Cut(s, "-")
		if !ok {
			from, to = "0", s
		}
		var err, bad error
		first, err = strconv.Atoi(from)
		end, bad = strconv.Atoi(to)
		if err != nil || bad != nil || end <= first {
			t.Fatalf("CHAPERONE_ORACLE=%s: say how many requests, or the seeds from and to", s)
		}
	}
	n := end - first
	o, err := NewOracle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	outcomes, bases := map[string]int{}, map[string]int{}
	failed := 0
	for seed := first; seed < end; seed++ {
		r, f := New(uint64(seed)).Case()
		c := law.Prepare(&r, &f)
		d := c.Explain()
		for _, p := range d.Parts {
			outcomes[string(p.Outcome)]++
			bases[p.Basis]++
		}
		if !agrees(t, o, "seed "+strconv.Itoa(seed), r, f, d) {
			if failed++; failed > 5 {
				t.Fatal("too many differences")
			}
		}
	}
	t.Logf("%d requests; classes by outcome %v, by basis %v", n, outcomes, bases)
	if n >= 1000 && (outcomes["permit"] < n/50 || outcomes["right-size"] < n/5 || outcomes["deny"] < n/5 || len(bases) < 28) {
		t.Error("the requests do not reach enough of the law")
	}
}

// The scenarios decide alike as well.
func TestOracleAgreesOnScenarios(t *testing.T) {
	o, err := NewOracle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../../law/testdata/disclosures/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := casefile.ReadDisclosure(file, data)
		if err != nil {
			t.Fatal(err)
		}
		r, f := c.Request, c.Facts
		if _, ok := f.ProfileFor(&r); !ok {
			f.Profiles = append([]fact.Profile{law.StandardProfile(r.Role, r.Purpose, r.Activity)}, f.Profiles...)
		}
		agrees(t, o, filepath.Base(file), r, f, law.Prepare(&r, &f).Explain())
	}
}

func agrees(t *testing.T, o *Oracle, name string, r law.Request, f law.Facts, d law.Decision) bool {
	t.Helper()
	in, err := Input(r, f)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := o.Decide(t.Context(), in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	ours := Ours(d)
	for _, class := range d.Parts {
		a, b := ours[class.Class], theirs[class.Class]
		slices.Sort(a.Kept)
		slices.Sort(a.Changed)
		if a.Outcome == b.Outcome && a.Form == b.Form && slices.Equal(a.Kept, b.Kept) && slices.Equal(a.Changed, b.Changed) {
			continue
		}
		j, _ := json.Marshal(map[string]any{"request": r, "facts": f})
		t.Errorf("%s, class %s, basis %s, refusal %s:\n law:  %+v\n rego: %+v", name, class.Class, class.Basis, class.Refusal, a, b)
		if os.Getenv("CHAPERONE_ORACLE_CASE") != "" {
			t.Logf("%s", j)
		}
		return false
	}
	return true
}
