package fhir

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"chaperone.example/deid/day"
	"chaperone.example/deid/input"
	"chaperone.example/deid/tally"
)

// run transforms with a number of workers.
func run(t testing.TB, workers int, in io.Reader, f Filter) (string, Result, error) {
	t.Helper()
	var out bytes.Buffer
	res, err := Transform(context.Background(), Job{Method: safeHarbor(t), Codes: book(), Workers: workers, Filter: f}, in, &out)
	return out.String(), res, err
}

// Issue 5, bar 5: the output and the counts are the same however many work at it, with
// lines of every length, blank ones and one of which nothing stays among them.
func TestWorkersAgree(t *testing.T) {
	var in strings.Builder
	for i := range 40 {
		for _, trap := range traps {
			in.WriteString(trap.in + "\n")
		}
		if i%9 == 0 {
			in.WriteString("\r\n\n" + `{"resourceType":"Nothing"}` + "\r\n" + `{"resourceType":"Binary","data":"` + strings.Repeat("QUJD", (i+1)<<14) + `"}` + "\n")
		}
	}
	f := Filter{From: day.Date{Year: 1990}}
	want, wantRes, err := run(t, 1, strings.NewReader(in.String()), f)
	if err != nil || wantRes.Out < 1000 || wantRes.Filtered == 0 {
		t.Fatalf("one worker: %d resources of %d, %v", wantRes.Out, wantRes.In, err)
	}
	for _, workers := range []int{2, 3, 8} {
		got, res, err := run(t, workers, strings.NewReader(in.String()), f)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%d workers write something else than one", workers)
		}
		if res.In != wantRes.In || res.Out != wantRes.Out || res.Filtered != wantRes.Filtered {
			t.Errorf("%d workers: %d in, %d out, %d filtered; one: %d, %d, %d", workers, res.In, res.Out, res.Filtered, wantRes.In, wantRes.Out, wantRes.Filtered)
		}
		for _, place := range wantRes.Sheet.Places() {
			if res.Sheet[place] != wantRes.Sheet[place] {
				t.Errorf("%d workers count %v at %s, one %v", workers, res.Sheet[place], place, wantRes.Sheet[place])
			}
		}
	}
}

// A value that was met before is counted and checked like the first: the counts are
// the multiple, and nesting ends where it would have ended.
func TestMemoCounts(t *testing.T) {
	one := `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2093-3","display":"Total Cholesterol"},{"system":"urn:x","code":"y"}],"text":"of somebody","odd":1},"valueQuantity":{"value":5.1,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"somebody"}}` + "\n"
	_, first := transform(t, Job{Method: safeHarbor(t), Workers: 1}, one)
	_, all := transform(t, Job{Method: safeHarbor(t), Workers: 1}, strings.Repeat(one, 5000))
	for place, counts := range first.Sheet {
		for a, n := range counts {
			if got := all.Sheet[place][a]; got != 5000*n {
				t.Errorf("%s: %d %s, want 5000 times %d", place, got, tally.Action(a), n)
			}
		}
	}

	// A coding whose extension is nested 40 deep may stand in an item, but not in an item
	// that is itself 30 deep.
	coding := `{"code":"x","extension":` + strings.Repeat(`[{"a":`, 20) + "1" + strings.Repeat("}]", 20) + "}"
	items := func(deep int) string {
		return `{"resourceType":"QuestionnaireResponse"` + strings.Repeat(`,"item":[{"linkId":"1"`, deep) + `,"answer":[{"valueCoding":` + coding + "}]" + strings.Repeat("}]", deep) + "}\n"
	}
	if _, _, err := run(t, 1, strings.NewReader(items(1)+items(2)+items(1)), Filter{}); err != nil {
		t.Error(err)
	}
	if _, _, err := run(t, 1, strings.NewReader(items(1)+items(1)+items(15)), Filter{}); err == nil || !strings.Contains(err.Error(), "nested") {
		t.Errorf("error %v, want one about nesting", err)
	}
}

// An age over 89 is found behind a unit that was met with a lower number before, and
// in the first that has it.
func TestMemoAges(t *testing.T) {
	q := func(v string) string {
		return `{"resourceType":"Condition","onsetAge":{"value":` + v + `,"unit":"a","system":"http://unitsofmeasure.org","code":"a"}}` + "\n"
	}
	out, _ := transform(t, Job{Method: safeHarbor(t), Workers: 1}, q("45")+q("93")+q("45")+q("9.3e1")+q("88.9")+q("89")+q("90")+q("094"[1:])+q("45"))
	for _, gone := range []string{"93", "9.3e1", "94"} {
		if strings.Contains(out, gone) {
			t.Errorf("the age %s stayed: %s", gone, out)
		}
	}
	if got := strings.Count(out, `"value":45,`); got != 3 {
		t.Errorf("the age of 45 stayed %d times of 3", got)
	}
	if got := strings.Count(out, `"value":90,"comparator":">="`); got != 4 {
		t.Errorf("%d ages were aggregated, want 4: %s", got, out)
	}
}

// The first flaw is told, wherever the lines after it are.
func TestFlawAmongWorkers(t *testing.T) {
	in := strings.Repeat(`{"resourceType":"Patient","id":"a"}`+"\n", 20_000) + `{"resourceType":"Patient",}` + "\n" + strings.Repeat("x\n", 100_000)
	for _, workers := range []int{1, 4} {
		_, _, err := run(t, workers, strings.NewReader(in), Filter{})
		var flaw *input.Error
		if !errors.As(err, &flaw) || flaw.Line != 20_001 {
			t.Errorf("%d workers: error %v, want one at line 20001", workers, err)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// A full disk and a cancelled job end everything that was begun.
func TestPipelineEnds(t *testing.T) {
	in := strings.Repeat(`{"resourceType":"Patient","id":"a"}`+"\n", 100_000)
	job := Job{Method: safeHarbor(t), Codes: book(), Workers: 3}
	if _, err := Transform(context.Background(), job, strings.NewReader(in), brokenWriter{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("error %v, want the writer's", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Transform(ctx, job, strings.NewReader(in), io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if _, err := Transform(context.Background(), job, io.MultiReader(strings.NewReader(in), brokenReader{}), io.Discard); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error %v, want the reader's", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
