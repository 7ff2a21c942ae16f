package mark

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"chaperone.example/deid/code"
	"chaperone.example/deid/rows"
	"chaperone.example/law/purpose"
	"github.com/google/go-cmp/cmp"
)

// extract makes a synthetic extract of stays.
func extract(n int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	b.WriteString("patient_token,age_years,sex,zip,state,dx1,los,charge\n")
	for range n {
		var c code.Code
		for i := range c {
			c[i] = byte(r.Uint32())
		}
		fmt.Fprintf(&b, "%s,%d,%s,%d,MA,I%02d.%d,%d,%.2f\n", c, r.IntN(90), []string{"F", "M"}[r.IntN(2)], 10+r.IntN(17), r.IntN(99), r.IntN(10), 1+r.IntN(30), 500+r.Float64()*50000)
	}
	return b.String()
}

var plan = Plan{Data: "stays 2026", Purpose: purpose.Research, Pseudonyms: []string{"patient_token"}, Canaries: 5,
	Carriers: []Carrier{{Column: "charge", Kind: Round, Unit: 10}, {Column: "zip", Kind: Withhold, Share: .05}}}

var key = Key{1, 2, 3}

// copies marks the data for each of n recipients.
func copies(t *testing.T, plan Plan, data string, n int) ([]string, []Record) {
	t.Helper()
	var survey *Survey
	if plan.Canaries > 0 {
		var err error
		if survey, err = NewSurvey(context.Background(), key, plan, strings.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	var out []string
	var records []Record
	for i := range n {
		var b bytes.Buffer
		rec, err := Embed(context.Background(), Job{Key: key, Plan: plan, Recipient: fmt.Sprintf("r%02d", i), Survey: survey}, strings.NewReader(data), &b)
		if err != nil {
			t.Fatal(err)
		}
		out, records = append(out, b.String()), append(records, rec)
	}
	return out, records
}

// trace reads a leak and returns who is named.
func trace(t *testing.T, leak string, records []Record) (Trace, string) {
	t.Helper()
	e, err := ReadEvidence(context.Background(), key, records, strings.NewReader(leak))
	if err != nil {
		t.Fatal(err)
	}
	codes, err := ReadCodes(strings.NewReader(leak))
	if err != nil {
		t.Fatal(err)
	}
	found, err := Accuse(key, records, e, codes, 1e-6)
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, s := range found.Named {
		named = append(named, s.Recipient)
	}
	return found, strings.Join(named, " ")
}

// cut keeps some columns of a table and some of its rows.
func cut(t *testing.T, data string, keep func(name string) bool, row func(i int) bool) string {
	t.Helper()
	in, err := rows.NewReader(strings.NewReader(data), 0)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	out := rows.NewWriter(&b, ',')
	pick := func(row []string) []string {
		var picked []string
		for i, v := range row {
			if keep(in.Header[i]) {
				picked = append(picked, v)
			}
		}
		return picked
	}
	if err := out.Write(pick(in.Header)); err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		r, err := in.Read()
		if err != nil {
			break
		}
		if row(i) {
			if err := out.Write(pick(r)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// REL-1: each way in which a copy leaks names its recipient and nobody else.
func TestLeaksAreTraced(t *testing.T) {
	data := extract(6000, 1)
	marked, records := copies(t, plan, data, 20)
	all := func(string) bool { return true }
	noIDs := func(name string) bool { return name != "patient_token" }
	half := func(i int) bool { return i%2 == 0 }
	for name, tt := range map[string]struct{ leak, want string }{
		"the whole file":                       {marked[7], "r07"},
		"two rows with their ids":              {cut(t, marked[3], all, func(i int) bool { return i == 5 || i == 9 }), "r03"},
		"the ids alone, as a list":             {cut(t, marked[4], func(n string) bool { return !noIDs(n) }, half), "r04"},
		"half of the rows, without ids":        {cut(t, marked[11], noIDs, half), "r11"},
		"half, without ids and postal codes":   {cut(t, marked[12], func(n string) bool { return noIDs(n) && n != "zip" }, half), "r12"},
		"half, without ids and amounts":        {cut(t, marked[13], func(n string) bool { return noIDs(n) && n != "charge" }, func(int) bool { return true }), "r13"},
		"unmarked data":                        {data, ""},
		"other data":                           {extract(3000, 2), ""},
		"rows of two copies, one of them less": {cut(t, marked[1], noIDs, func(i int) bool { return i < 3000 }) + strings.SplitN(cut(t, marked[2], noIDs, func(i int) bool { return i >= 3000 }), "\n", 2)[1], "r01 r02"},
	} {
		t.Run(name, func(t *testing.T) {
			found, got := trace(t, tt.leak, records)
			if a := strings.Fields(got); len(a) == 2 && a[0] > a[1] {
				got = a[1] + " " + a[0]
			}
			if got != tt.want {
				b, _ := json.Marshal(found)
				t.Errorf("named %q, want %q: %s", got, tt.want, b)
			}
		})
	}
}

// A canary alone names its recipient when ids are gone and nothing else is left.
func TestCanaryAlone(t *testing.T) {
	data := extract(6000, 3)
	marked, records := copies(t, plan, data, 3)
	in := strings.Split(data, "\n")
	have := map[string]bool{}
	unmarked := func(row string) string {
		f := strings.Split(row, ",")
		return strings.Join([]string{f[1], f[2], f[4], f[5], f[6]}, ",")
	}
	for _, row := range in {
		if row != "" {
			have[unmarked(row)] = true
		}
	}
	found := 0
	var leak strings.Builder
	leak.WriteString("age_years,sex,state,dx1,los\n")
	for row := range strings.SplitSeq(marked[1], "\n") {
		if row != "" && !have[unmarked(row)] {
			leak.WriteString(unmarked(row) + "\n")
			found++
		}
	}
	if found != plan.Canaries {
		t.Fatalf("%d rows are not of the data, want %d canaries", found, plan.Canaries)
	}
	if tr, got := trace(t, leak.String(), records); got != "r01" || tr.Named[0].Canaries != plan.Canaries {
		t.Errorf("named %q, %+v", got, tr)
	}
}

// Nothing but free choices is altered: every other cell of every row is byte for byte
// as it was, amounts are within their unit, and demographics stand or are withheld.
func TestNothingElseIsAltered(t *testing.T) {
	data := extract(4000, 4)
	plan := plan
	plan.Canaries = 0
	marked, records := copies(t, plan, data, 2)
	before, after := strings.Split(strings.TrimSpace(data), "\n"), strings.Split(strings.TrimSpace(marked[0]), "\n")
	if len(before) != len(after) || before[0] != after[0] {
		t.Fatalf("%d rows, %q", len(after), after[0])
	}
	changed := map[string]int{}
	for i := range before[1:] {
		b, a := strings.Split(before[i+1], ","), strings.Split(after[i+1], ",")
		for c, name := range strings.Split(before[0], ",") {
			switch name {
			case "patient_token":
				if a[c] == b[c] || len(a[c]) != code.Size {
					t.Fatalf("row %d: the pseudonym is %q", i+1, a[c])
				}
			case "charge":
				x, _ := strconv.ParseFloat(b[c], 64)
				y, err := strconv.ParseFloat(a[c], 64)
				if err != nil || math.Abs(x-y) >= 10 || math.Mod(y, 10) != 0 {
					t.Fatalf("row %d: the amount %q became %q", i+1, b[c], a[c])
				}
				changed[name]++
			case "zip":
				if a[c] != b[c] && a[c] != "" {
					t.Fatalf("row %d: the postal code became %q", i+1, a[c])
				}
				if a[c] != b[c] {
					changed[name]++
				}
			default:
				if a[c] != b[c] {
					t.Fatalf("row %d: %s is altered", i+1, name)
				}
			}
		}
	}
	if diff := cmp.Diff(changed, records[0].Changed); diff != "" {
		t.Errorf("the record counts otherwise (-file +record):\n%s", diff)
	}
	if share := float64(changed["zip"]) / 4000; share > .05 {
		t.Errorf("%.3f of the postal codes are withheld, the plan allows .05", share)
	}
	if records[0].Bits < 950 {
		t.Errorf("only %d bits stand in 4,000 rows", records[0].Bits)
	}
	b, err := json.Marshal(records[0])
	if err != nil || strings.Contains(string(b), before[1][:36]) || strings.Contains(string(b), after[1][:36]) {
		t.Errorf("the record holds a value: %s, %v", b, err)
	}
}

// A table that was k-anonymous stays so: classes are marked as wholes.
func TestClassesAreMarkedAsWholes(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	var b strings.Builder
	b.WriteString("age band,sex,state,dx1\n")
	for class := range 300 {
		for range 5 + r.IntN(4) {
			fmt.Fprintf(&b, "%d,%s,%s,I%02d\n", class/6, []string{"F", "M"}[class%2], []string{"MA", "NH", "VT"}[class%3], r.IntN(90))
		}
	}
	plan := Plan{Data: "classes", Purpose: purpose.Research, Identity: []string{"age band", "sex"}, Carriers: []Carrier{{Column: "state", Kind: Withhold, Share: 1, As: "*"}}}
	marked, records := copies(t, plan, b.String(), 2)
	classes := map[string]int{}
	for _, row := range strings.Split(strings.TrimSpace(marked[0]), "\n")[1:] {
		classes[row[:strings.LastIndexByte(row, ',')]]++
	}
	for class, n := range classes {
		if n < 5 {
			t.Errorf("class %q has %d rows", class, n)
		}
	}
	if records[0].Changed["state"] == 0 {
		t.Error("nothing was marked")
	}
}

// The same value gets another pseudonym for another recipient, and of each the owner
// can tell whose it is.
func TestSpaces(t *testing.T) {
	book := code.NewBook(rand.NewChaCha8([32]byte{}))
	a, b := NewSpace(key, "a", book), NewSpace(key, "b", book)
	for i := range 200 {
		value := []byte(strconv.Itoa(i))
		ca, err := a.Code("Patient", value)
		if err != nil {
			t.Fatal(err)
		}
		cb, err := b.Code("Patient", value)
		if err != nil {
			t.Fatal(err)
		}
		again, err := a.Code("Patient", value)
		if ca == cb || ca != again || err != nil {
			t.Fatalf("%v, %v, %v, %v", ca, again, cb, err)
		}
		if !a.Has(ca) || a.Has(cb) || b.Has(ca) || !b.Has(cb) {
			t.Fatal("a pseudonym is not recognized as whose it is")
		}
		if s := ca.String(); s[14] != '4' {
			t.Fatalf("the pseudonym %s of a random code does not say that it is random", s)
		}
	}
	if a.Derived() {
		t.Error("pseudonyms over random codes count as derived")
	}
}

// What may not be marked is refused, with the reason (REL-1: never in care data, never a
// clinical value).
func TestPlansAreRefused(t *testing.T) {
	with := func(change func(*Plan)) Plan {
		p := plan
		p.Carriers = append([]Carrier(nil), plan.Carriers...)
		change(&p)
		return p
	}
	for name, tt := range map[string]struct {
		plan Plan
		want string
	}{
		"data for treatment":       {with(func(p *Plan) { p.Purpose = purpose.Treatment }), "treatment"},
		"no purpose":               {with(func(p *Plan) { p.Purpose = "" }), "what the data is given for"},
		"no name":                  {with(func(p *Plan) { p.Data = " " }), "name the data"},
		"a diagnosis":              {with(func(p *Plan) { p.Carriers[1].Column = "dx1" }), "never altered"},
		"a length of stay":         {with(func(p *Plan) { p.Carriers[0].Column = "los" }), "never altered"},
		"an age":                   {with(func(p *Plan) { p.Carriers[1].Column = "age" }), "never altered"},
		"a date":                   {with(func(p *Plan) { p.Carriers[1].Column = "admit" }), "never altered"},
		"an amount that goes":      {with(func(p *Plan) { p.Carriers[0].Kind = Withhold }), "not free to withhold"},
		"a diagnosis as a place":   {with(func(p *Plan) { p.Carriers[1].Column, p.Carriers[1].Element = "dx1", "patient.zip" }), "known to be"},
		"unknown column":           {with(func(p *Plan) { p.Carriers[1].Column = "x" }), "which element"},
		"unknown kind":             {with(func(p *Plan) { p.Carriers[1].Kind = "swap" }), "no kind"},
		"no unit":                  {with(func(p *Plan) { p.Carriers[0].Unit = 0 }), "unit"},
		"a unit of a third":        {with(func(p *Plan) { p.Carriers[0].Unit = 1. / 3 }), "unit"},
		"no share":                 {with(func(p *Plan) { p.Carriers[1].Share = 0 }), "share"},
		"twice":                    {with(func(p *Plan) { p.Carriers[1] = p.Carriers[0] }), "twice"},
		"marked and known by":      {with(func(p *Plan) { p.Canaries, p.Identity = 0, []string{"zip"} }), "known again"},
		"canaries in classes":      {with(func(p *Plan) { p.Identity = []string{"sex"} }), "stands out"},
		"a thousand bits too many": {with(func(p *Plan) { p.Bits = MaxBits + 1 }), "bits"},
		"nothing":                  {Plan{Data: "x", Purpose: purpose.Research}, "marks nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.plan.Check()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			var b bytes.Buffer
			if _, err := Embed(context.Background(), Job{Key: key, Plan: tt.plan, Recipient: "r"}, strings.NewReader(extract(5, 1)), &b); err == nil || b.Len() > 0 {
				t.Errorf("it is marked all the same: %v", err)
			}
		})
	}
	if err := with(func(p *Plan) { p.Purpose = purpose.Treatment }).Check(); !errors.Is(err, ErrCare) {
		t.Errorf("got %v, want ErrCare", err)
	}
	for name, text := range map[string]string{"unknown member": `{"data":"x","purpose":"research","carryers":[]}`, "a second value": `{} {}`, "no JSON": `x`} {
		if _, err := ParsePlan([]byte(text)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestEmbedRefuses(t *testing.T) {
	data := extract(50, 1)
	for name, tt := range map[string]struct {
		plan Plan
		data string
		who  string
		want string
	}{
		"no recipient":        {plan, data, "", "name the recipient"},
		"no survey":           {plan, data, "r", "survey"},
		"a missing column":    {Plan{Data: "x", Purpose: purpose.Research, Carriers: []Carrier{{Column: "cost", Kind: Round, Unit: 1}}}, data, "r", `no column "cost"`},
		"withheld already":    {Plan{Data: "x", Purpose: purpose.Research, Carriers: []Carrier{{Column: "zip", Kind: Withhold, Share: 1}}}, "zip,sex\n,F\n,M\n", "r", "withheld already"},
		"broken row":          {Plan{Data: "x", Purpose: purpose.Research, Carriers: []Carrier{{Column: "zip", Kind: Withhold, Share: 1}}}, "zip,sex\n1,F\nSECRET\n", "r", "line 3"},
		"nothing to be known": {Plan{Data: "x", Purpose: purpose.Research, Carriers: []Carrier{{Column: "zip", Kind: Withhold, Share: 1}}}, "zip\n1\n", "r", "known again"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Embed(context.Background(), Job{Key: key, Plan: tt.plan, Recipient: tt.who}, strings.NewReader(tt.data), &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	s, err := NewSurvey(context.Background(), key, plan, strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Embed(context.Background(), Job{Key: key, Plan: plan, Recipient: "r", Survey: s}, strings.NewReader(data), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "thousandth") {
		t.Errorf("five canaries in 50 rows: %v", err)
	}
}

func TestTracingRefuses(t *testing.T) {
	a := Record{Recipient: "a", Plan: plan}
	other := a
	other.Recipient, other.Plan.Data = "b", "other data"
	for name, records := range map[string][]Record{"nobody": nil, "one twice": {a, a}, "other data": {a, other}} {
		if _, err := ReadEvidence(context.Background(), key, records, strings.NewReader("a\n")); err == nil {
			t.Errorf("%s: nothing is refused", name)
		}
		if _, err := Accuse(key, records, Evidence{}, nil, 1e-6); err == nil {
			t.Errorf("%s: somebody may be accused", name)
		}
	}
	if _, err := Accuse(key, []Record{a}, Evidence{}, nil, 1); err == nil {
		t.Error("a risk of one is accepted")
	}
}

// Codes are found wherever they stand, also across the reader's windows, and their
// number is bounded.
func TestReadCodes(t *testing.T) {
	s := NewSpace(key, "r", nil)
	var b strings.Builder
	want := 0
	for i := range 500 {
		b.WriteString(strings.Repeat("-", i*7%300))
		b.WriteString(`{"id":"` + s.Recode(code.Code{byte(i), byte(i >> 8)}).String() + `"}`)
		want++
	}
	codes, err := ReadCodes(strings.NewReader(b.String()))
	if err != nil || len(codes) != want {
		t.Fatalf("%d codes, %v, want %d", len(codes), err, want)
	}
	for c := range codes {
		if !s.Has(c) {
			t.Fatal("a code is not the recipient's")
		}
	}
	b.Reset()
	for i := range 20000 {
		b.WriteString(s.Recode(code.Code{byte(i), byte(i >> 8)}).String() + "\n")
	}
	if codes, err := ReadCodes(strings.NewReader(b.String())); err != nil || len(codes) > 2*maxCodes || len(codes) < maxCodes/2 {
		t.Errorf("%d codes are kept, %v", len(codes), err)
	}
}

func FuzzReadEvidence(f *testing.F) {
	f.Add("age_years,sex,state,dx1,los,zip,charge\n1,F,MA,I10,2,02,30\n")
	f.Add("charge\nNaN\n")
	f.Add("x")
	record := Record{Recipient: "r", Plan: plan, Identity: []string{"age_years", "dx1", "los", "sex", "state"}, Canaries: []string{"00"}}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ReadEvidence(context.Background(), key, []Record{record}, strings.NewReader(text))
		if err != nil {
			return
		}
		codes, err := ReadCodes(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Accuse(key, []Record{record}, e, codes, 1e-6); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzParsePlan(f *testing.F) {
	b, _ := json.Marshal(plan)
	f.Add(string(b))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePlan([]byte(text))
		if err != nil {
			return
		}
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
	})
}
