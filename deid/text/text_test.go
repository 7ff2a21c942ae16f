package text

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func notes(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "deid-dev", "gen_notes_dev.jsonl"))
	if err != nil {
		t.Skipf("shared data is not here: %v", err)
	}
	return b
}

// DEI-1, issue 5 bar 4: the development notes, scored by span.
func TestDevelopmentNotes(t *testing.T) {
	lost := map[string]int{}
	score, err := New().Evaluate(bytes.NewReader(notes(t)), func(note Note, label, text string) {
		i := strings.Index(note.Text, text)
		line := note.Text[strings.LastIndexByte(note.Text[:i], '\n')+1:]
		line, _, _ = strings.Cut(line, "\n")
		lost[label+" <"+text+"> in "+line]++
	})
	if err != nil {
		t.Fatal(err)
	}
	for k, c := range lost {
		t.Logf("%d %s", c, k)
	}
	for _, l := range score.Labels() {
		r := score.ByLabel[l]
		t.Logf("%-8s %4d/%4d %.4f", l, r.Found, r.Spans, r.Rate())
	}
	t.Logf("recall %.4f, precision %.4f, kept %.4f", score.Recall().Rate(), score.Precision(), score.KeptRate())
	if r := score.Recall().Rate(); r < 0.995 {
		t.Errorf("recall %.4f, want 0.995", r)
	}
	if r := score.ByLabel["NAME"].Rate(); r < 0.99 {
		t.Errorf("recall of names %.4f, want 0.99", r)
	}
	if k := score.KeptRate(); k < 0.97 {
		t.Errorf("%.4f of the rest kept, want 0.97", k)
	}
}

func lines(t testing.TB, name string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}

// Our own set, in forms that the scrubber was not written from: every identifier must
// go, and most of the rest must stay.
func TestOwnNotes(t *testing.T) {
	s := New()
	found, spans, kept, outside := 0, 0, 0, 0
	for _, line := range lines(t, "positive.txt") {
		var text strings.Builder
		var want [][2]int
		for part := range strings.SplitSeq(line, "{{") {
			if id, rest, ok := strings.Cut(part, "}}"); ok {
				want = append(want, [2]int{text.Len(), text.Len() + len(id)})
				part = id + rest
			}
			text.WriteString(part)
		}
		note := text.String()
		marked := make([]bool, len(note))
		for _, p := range s.Find(note, nil) {
			for i := p.Start; i < p.End; i++ {
				marked[i] = true
			}
		}
		in := make([]bool, len(note))
		for _, w := range want {
			all := true
			for i := w[0]; i < w[1]; i++ {
				in[i] = true
				all = all && (marked[i] || !isAlnum(note[i]))
			}
			spans++
			if text := note[w[0]:w[1]]; all || text == "RN" || titled(text, marked[w[0]:w[1]]) {
				found++
			} else {
				t.Logf("missed %q in %q", text, note)
			}
		}
		for i := range len(note) {
			if !in[i] && isAlnum(note[i]) {
				outside++
				if !marked[i] {
					kept++
				}
			}
		}
	}
	recall, rest := float64(found)/float64(spans), float64(kept)/float64(outside)
	t.Logf("recall %.3f of %d, kept %.3f", recall, spans, rest)
	if recall < 0.97 || rest < 0.95 {
		t.Errorf("recall %.3f and kept %.3f, want 0.97 and 0.95", recall, rest)
	}
}

// titled reports whether all but a title in front is marked: "Mrs. Vandermolen".
func titled(text string, marked []bool) bool {
	_, name, ok := strings.Cut(text, " ")
	if !ok || !strings.HasPrefix(text, "Mrs") && !strings.HasPrefix(text, "Ms") && !strings.HasPrefix(text, "Dr") && !strings.HasPrefix(text, "Nurse") {
		return false
	}
	for i := len(text) - len(name); i < len(text); i++ {
		if isAlnum(text[i]) && !marked[i] {
			return false
		}
	}
	return true
}

// Issue 5 bar 4: of short clinical texts without any identifier, few are touched.
func TestNegatives(t *testing.T) {
	s := New()
	all, touched := 0, 0
	for _, line := range lines(t, "negative.txt") {
		all++
		if spans := s.Find(line, nil); len(spans) > 0 {
			touched++
			t.Logf("touched: %s", s.Scrub(line, nil))
		}
	}
	t.Logf("%d of %d touched", touched, all)
	if touched*10 > all {
		t.Errorf("%d of %d touched, want at most a tenth", touched, all)
	}
}

func TestScrub(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		seeds    []string
	}{
		{in: "Mr. Roe, 93 y.o., seen 3/4/2024.", want: "Mr. [NAME], [AGE] y.o., seen [DATE]."},
		{in: "Age 89, BP 120/80.", want: "Age 89, BP 120/80."},
		{in: "the quick fox zz-81 jumped", seeds: []string{"ZZ-81"}, want: "the quick fox [ID] jumped"},
		{in: "mr. long was here; Long denies fever", want: "mr. long was here; Long denies fever"},
		{in: "Mr. Long was here; Long denies fever", want: "Mr. [NAME] was here; [NAME] denies fever"},
		{in: "", want: ""},
		{in: "no letters: 1 2 3", want: "no letters: 1 2 3"},
	} {
		if got := New().Scrub(tt.in, tt.seeds); got != tt.want {
			t.Errorf("Scrub(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestEvaluate(t *testing.T) {
	in := `{"id":"1","text":"Mrs. Quillfeather é seen 3/4/2024","spans":[{"start":5,"end":17,"label":"NAME"},{"start":20,"end":24,"label":"X"}]}` + "\n" + `{"text":"no fever","spans":[]}`
	s, err := New().Evaluate(strings.NewReader(in), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Notes != 2 || s.Untouched != 1 || s.Marked != 2 || s.Right != 1 || s.Precision() != .5 || s.ByLabel["NAME"] != (Recall{1, 1}) || s.ByLabel["X"] != (Recall{0, 1}) || s.Recall() != (Recall{1, 2}) {
		t.Errorf("score %+v", s)
	}
	if s.Kept >= s.Outside || s.KeptRate() <= 0 {
		t.Errorf("kept %d of %d: the date is outside and was marked", s.Kept, s.Outside)
	}
}

func TestEvaluateBadInput(t *testing.T) {
	for _, in := range []string{`{"text":"Secret77x","spans":[{"start":0,"end":99,"label":"NAME"}]}`, `{"text":"Secret77x`, `{"text":"Secret77x","spans":[{"start":5,"end":2}]}`} {
		if _, err := New().Evaluate(strings.NewReader(in), nil); err == nil || strings.Contains(err.Error(), "Secret77x") {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// Spans are in order, apart, and at the edges of characters, whatever the text.
func FuzzFind(f *testing.F) {
	f.Add("Pt: Roe, Jane MRN 33094445 DOB: 3/4/1950; 93-year-old @x 10.0.0.1 www.x.y (01)12345678901234(21)1")
	f.Add("Resénd\u00e9z 5-JAN-2005 2001:db8::1 +1 387 641 0360 x")
	f.Fuzz(func(t *testing.T, text string) {
		s := New()
		end := 0
		for _, p := range s.Find(text, []string{"jane"}) {
			if p.Start < end || p.End <= p.Start || p.End > len(text) {
				t.Fatalf("span %v after %d in %d bytes", p, end, len(text))
			}
			end = p.End
		}
		if r := s.Scrub(text, nil); strings.ToValidUTF8(text, "") == text && strings.ToValidUTF8(r, "") != r {
			t.Errorf("a character was cut in two: %q", r)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	var text []string
	n := 0
	score := New()
	if _, err := score.Evaluate(bytes.NewReader(notes(b)), nil); err != nil {
		b.Fatal(err)
	}
	for line := range bytes.Lines(notes(b)) {
		text = append(text, strings.ReplaceAll(string(line), "\\n", "\n"))
		n += len(line)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(text), func(i, j int) { text[i], text[j] = text[j], text[i] })
	s := New()
	b.SetBytes(int64(n))
	start, runs := cpu(b), 0
	for b.Loop() {
		for _, t := range text {
			s.Find(t, nil)
		}
		runs++
	}
	b.ReportMetric(float64(runs*n)/1e6/(cpu(b)-start), "MB/cpu-s")
}

// cpu is the processor time of the process in seconds.
func cpu(tb testing.TB) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Skip(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}
