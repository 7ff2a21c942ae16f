package mark

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// go test ./deid/mark -run TestTrials -trials 100000 is the trial of issue 5, bar 7; it
// takes a quarter of an hour of CPU.
var (
	trials = flag.Int("trials", 240, "how many leaks TestTrials makes")
	seed   = flag.Uint64("seed", 7, "of the leaks of TestTrials")
)

// leak simulates a leak: the colluders decide at every place where their copies differ
// what it shows; then a share of the places is deleted, and of what is left a share
// flipped.
func leak(r *rand.Rand, words [][]byte, bits, places int, strategy func(k, c float64) float64, deleted, flipped float64) []Reading {
	out := make([]Reading, bits)
	for i := range out {
		k := 0
		for _, w := range words {
			k += bit(w, i)
		}
		for range places {
			if r.Float64() < deleted {
				continue
			}
			one := k == len(words)
			if k > 0 && k < len(words) {
				one = r.Float64() < strategy(float64(k), float64(len(words)))
			}
			if len(words) == 0 { // a table that nobody here was given
				one = r.Float64() < 0.5
			}
			if r.Float64() < flipped {
				one = !one
			}
			if one {
				out[i].Ones++
			} else {
				out[i].Zeros++
			}
		}
	}
	return out
}

func names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("recipient-%04d", i)
	}
	return out
}

func words(tb testing.TB, seed uint64, recipients []string) (*Code, [][]byte) {
	tb.Helper()
	var key Key
	binary.BigEndian.PutUint64(key[:], seed)
	c, err := NewCode(key, "trial", DefaultBits)
	if err != nil {
		tb.Fatal(err)
	}
	out := make([][]byte, len(recipients))
	for i, name := range recipients {
		out[i] = c.Word(name)
	}
	return c, out
}

// Issue 5, bar 7: 1,024 bits, three places a bit, 1,000 recipients, half the rows
// deleted, 10 % of the bits flipped: one or two leakers always found, three in 97 % of
// the leaks, and nobody innocent accused, also not for a table that nobody leaked.
func TestTrials(t *testing.T) {
	recipients := names(1000)
	var code *Code
	var all [][]byte
	var leaks, hit, complete [4]int
	innocents, highest := 0, 0.0
	start := time.Now()
	r := rand.New(rand.NewPCG(*seed, 7))
	for trial := range *trials {
		if trial%200 == 0 {
			code, all = words(t, uint64(trial)+1+*seed<<20, recipients)
			if trial%5000 == 0 && trial > 0 {
				t.Logf("after %d trials, %v: %v leaks, one found in %v, all in %v, %d innocents accused, highest odds of an innocent 10^%.1f", trial, time.Since(start).Round(time.Second), leaks, hit, complete, innocents, highest)
			}
		}
		c := trial % 4
		at := r.Perm(len(recipients))[:c]
		var guilty [][]byte
		for _, i := range at {
			guilty = append(guilty, all[i])
		}
		f, err := code.accuse(leak(r, guilty, code.Bits(), 3, strategies[0], .5, .1), recipients, all, 1e-6)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, s := range f.Accused {
			if slices.ContainsFunc(at, func(i int) bool { return recipients[i] == s.Recipient }) {
				found++
			} else {
				innocents++
			}
		}
		for _, s := range f.Nearest {
			if !slices.ContainsFunc(at, func(i int) bool { return recipients[i] == s.Recipient }) {
				highest = max(highest, s.Odds)
			}
		}
		leaks[c]++
		if found > 0 {
			hit[c]++
		}
		if found == c {
			complete[c]++
		}
	}
	t.Logf("leaks by number of leakers: %v; one of them found: %v; all of them found: %v; innocents accused: %d; highest odds of an innocent: 10^%.1f", leaks, hit, complete, innocents, highest)
	if innocents > 0 {
		t.Errorf("%d innocent recipients were accused", innocents)
	}
	for c := 1; c <= 2; c++ {
		if complete[c] < leaks[c] {
			t.Errorf("%d leakers: all found in %d of %d leaks", c, complete[c], leaks[c])
		}
	}
	if float64(hit[3]) < .97*float64(leaks[3]) {
		t.Errorf("three leakers: one found in %d of %d leaks, want 97 %%", hit[3], leaks[3])
	}
}

// Leakers may do what they like where their copies differ: they are found, and nobody
// else is.
func TestStrategies(t *testing.T) {
	recipients := names(1000)
	code, all := words(t, 99, recipients)
	r := rand.New(rand.NewPCG(1, 2))
	for s, strategy := range strategies {
		for c := 2; c <= 3; c++ {
			any := 0
			const leaks = 8
			for range leaks {
				f, err := code.accuse(leak(r, all[:c], code.Bits(), 3, strategy, .5, .1), recipients, all, 1e-6)
				if err != nil {
					t.Fatal(err)
				}
				if len(f.Accused) > 0 {
					any++
				}
				for _, a := range f.Accused {
					if a.Recipient >= recipients[c] {
						t.Errorf("strategy %d, %d leakers: %s is accused", s, c, a.Recipient)
					}
				}
			}
			if any < leaks {
				t.Errorf("strategy %d, %d leakers: somebody found in %d of %d leaks", s, c, any, leaks)
			}
		}
	}
}

// The bound on accusing the innocent: the likelihood ratio of a recipient of whom the
// readings know nothing has the mean 1, under every explanation, right or wrong. The
// mean is over both values of each bit, by the bias: exact, without sampling.
func TestRatioOfTheInnocentHasMeanOne(t *testing.T) {
	code, all := words(t, 5, names(3))
	r := rand.New(rand.NewPCG(3, 4))
	d := code.decoder(leak(r, all, code.Bits(), 3, strategies[2], .5, .1))
	for _, accused := range []int{0, 1} {
		d.accused = accused
		for n, i := range d.shown {
			d.known[n] = accused * bit(all[0], i)
		}
		for _, m := range models(accused + 1) {
			scores := d.scores(m)
			for n, p := range d.bias {
				if mean := p*math.Exp(scores[n][1]) + (1-p)*math.Exp(scores[n][0]); math.Abs(mean-1) > 1e-9 {
					t.Fatalf("%d colluders, %d accused, bit %d: the mean is %v", m.colluders, accused, d.shown[n], mean)
				}
			}
		}
	}
}

// The bits of a word are drawn by the biases, and words of different recipients or data
// have nothing to do with each other.
func TestWords(t *testing.T) {
	recipients := names(400)
	code, all := words(t, 6, recipients)
	worst := 0.0
	for i, b := range code.bias {
		p := float64(b) / 65536
		if p < cutoff*.99 || p > 1-cutoff*.99 {
			t.Fatalf("bias %v", p)
		}
		n := 0.0
		for _, w := range all {
			n += float64(bit(w, i))
		}
		worst = max(worst, math.Abs(n-400*p)/math.Sqrt(400*p*(1-p)))
	}
	if worst > 5.5 {
		t.Errorf("a bit is %.1f standard deviations from its bias", worst)
	}
	again, err := NewCode(code.key, "trial", DefaultBits)
	if err != nil || !slices.Equal(again.Word(recipients[0]), all[0]) {
		t.Errorf("the word is not the same again: %v", err)
	}
	other, err := NewCode(code.key, "other data", DefaultBits)
	if err != nil || slices.Equal(other.bias, code.bias) {
		t.Errorf("other data has the same code: %v", err)
	}
}

func TestNewCodeRefuses(t *testing.T) {
	for _, bits := range []int{0, MinBits - 1, MaxBits + 1} {
		if _, err := NewCode(Key{}, "x", bits); err == nil {
			t.Errorf("%d bits are accepted", bits)
		}
	}
	if _, err := NewCode(Key{}, "", DefaultBits); err == nil {
		t.Error("data without a name is accepted")
	}
	code, _ := words(t, 1, names(1))
	for name, call := range map[string]func() error{
		"readings":   func() error { _, err := code.Accuse(nil, names(1), 1e-6); return err },
		"recipients": func() error { _, err := code.Accuse(make([]Reading, DefaultBits), nil, 1e-6); return err },
		"risk":       func() error { _, err := code.Accuse(make([]Reading, DefaultBits), names(1), 0); return err },
	} {
		if call() == nil {
			t.Errorf("without %s nothing is refused", name)
		}
	}
	if f, err := code.Accuse(make([]Reading, DefaultBits), names(1), 1e-6); err != nil || len(f.Accused) > 0 || f.Bits != 0 {
		t.Errorf("a leak that shows nothing: %+v, %v", f, err)
	}
}
