package mark

import (
	"cmp"
	"errors"
	"math"
	"slices"
)

// A Reading is what a leak shows of one bit: how many of its places stand for 1 and
// how many for 0.
type Reading struct{ Ones, Zeros int }

// A Suspect is a recipient whose codeword fits a leak.
type Suspect struct {
	Recipient string `json:"recipient"`
	// Odds is the decimal logarithm of how many times more probable the leak is if the
	// recipient took part in it than if not. An innocent recipient reaches odds of o
	// with a probability of at most 10^-o, whatever the leakers did.
	Odds float64 `json:"log10_odds"`
}

// A Finding is what a fingerprint tells about a leak.
type Finding struct {
	Accused   []Suspect `json:"accused"` // by their odds
	Nearest   []Suspect `json:"nearest"` // those after them, who are not accused; at most five
	Threshold float64   `json:"log10_threshold"`
	Bits      int       `json:"bits"`      // that the leak still shows
	Colluders int       `json:"colluders"` // how many together explain the leak best
	Flipped   float64   `json:"flipped"`   // the share of places that seem to have been changed
}

// strategies are what leakers can do at a place where their copies differ, as the
// probability that the leak shows 1 when k of c copies do (0 < k < c). Where all
// copies agree they do not know that there is a mark: the marking assumption of
// Boneh and Shaw, 1998.
var strategies = []func(k, c float64) float64{
	func(k, c float64) float64 { return k / c },                                  // take one of the copies at random
	func(float64, float64) float64 { return 0.5 },                                // throw a coin
	func(k, c float64) float64 { return (1 + float64(cmp.Compare(2*k, c))) / 2 }, // what most copies show
	func(k, c float64) float64 { return (1 - float64(cmp.Compare(2*k, c))) / 2 }, // what fewest copies show
	func(float64, float64) float64 { return 1 },
	func(float64, float64) float64 { return 0 },
}

// flips are the shares of changed places that are tried.
var flips = []float64{0.002, 0.02, 0.06, 0.11, 0.18, 0.3}

// maxColluders is the greatest coalition that is tried as an explanation.
const maxColluders = 6

// A model is one explanation of a leak.
type model struct {
	colluders int
	show      []float64 // by the number of copies that have 1: the probability that a place shows 1
	flip      float64
	// likelihood is the logarithm of the probability of the readings, roughly.
	likelihood float64
}

func models(least int) []model {
	var all []model
	for c := max(1, least); c <= max(maxColluders, least+1); c++ {
		for s, strategy := range strategies {
			if c == 1 && s > 0 || c == 2 && s > 0 && s < len(strategies)-2 {
				continue // the same as taking one of the copies at random
			}
			for _, e := range flips {
				m := model{colluders: c, flip: e}
				for k := range c + 1 {
					theta := float64(k) / float64(c)
					if k > 0 && k < c {
						theta = strategy(float64(k), float64(c))
					}
					m.show = append(m.show, theta*(1-e)+(1-theta)*e)
				}
				all = append(all, m)
			}
		}
	}
	return all
}

// Accuse names the recipients whose codewords a leak shows. Readings has one entry for
// each bit. An innocent recipient, whatever the leakers did, is accused with a
// probability of at most risk in the whole search; 1e-6 is a good choice.
//
// The score of a recipient is a likelihood ratio: the probability of the readings if
// the recipient is one of the leakers, divided by that if it is not. It depends on an
// explanation: how many leakers, what they did, how much was flipped. For each number of
// leakers the explanation is taken under which the readings are most probable, and the
// ratio is the mean over those. Explanations are chosen from the readings alone,
// without looking at the codeword that is scored; to an innocent recipient, of whose
// codeword the readings know nothing, each ratio and so their mean is a random number of
// mean 1, and by Markov's inequality exceeds n/risk in risk/n of all cases. So the bound
// does not rest on the explanations being right; only finding the guilty does. Then the
// accused are taken as known members of the coalition, and the rest is scored again,
// until nobody is added; each round may spend half of the risk of the round before.
func (c *Code) Accuse(readings []Reading, recipients []string, risk float64) (Finding, error) {
	words := make([][]byte, len(recipients))
	for i, r := range recipients {
		words[i] = c.Word(r)
	}
	return c.accuse(readings, recipients, words, risk)
}

func (c *Code) accuse(readings []Reading, recipients []string, words [][]byte, risk float64) (Finding, error) {
	switch {
	case len(readings) != len(c.bias):
		return Finding{}, errors.New("mark: there must be a reading for each bit of the code")
	case len(recipients) == 0:
		return Finding{}, errors.New("mark: there is nobody to accuse: list the recipients of the data")
	case !(risk > 0 && risk < 1):
		return Finding{}, errors.New("mark: the risk of accusing an innocent lies between 0 and 1")
	}
	f := Finding{Accused: []Suspect{}, Nearest: []Suspect{}, Threshold: threshold(len(recipients), risk/2)}
	d := c.decoder(readings)
	f.Bits = len(d.shown)
	if f.Bits == 0 {
		return f, nil
	}
	odds := make([]float64, len(recipients))
	final := map[int]float64{} // of the accused, when they were found
	var accused []int          // in the order in which they were found
	need := f.Threshold
	for len(accused) < len(recipients) && len(accused) < 2*maxColluders {
		explanations := d.explain(len(accused) + 1)
		d.score(odds, words, explanations)
		best := explanations[0]
		for _, m := range explanations {
			if m.likelihood > best.likelihood {
				best = m
			}
		}
		var next []int
		for r := range words {
			if odds[r] >= need && !slices.Contains(accused, r) {
				next = append(next, r)
			}
		}
		if len(accused) == 0 || len(next) > 0 {
			f.Colluders, f.Flipped = best.colluders, best.flip
		}
		if len(next) == 0 {
			break
		}
		for _, r := range next {
			accused = append(accused, r)
			final[r] = odds[r]
			for n, i := range d.shown {
				d.known[n] += bit(words[r], i)
			}
		}
		d.accused = len(accused)
		need += math.Log10(2)
	}
	f.Colluders = max(f.Colluders, len(accused))
	for r := range words {
		if o, ok := final[r]; ok {
			f.Accused = append(f.Accused, Suspect{recipients[r], o})
		} else {
			f.Nearest = append(f.Nearest, Suspect{recipients[r], odds[r]})
		}
	}
	byOdds := func(a, b Suspect) int {
		return cmp.Or(cmp.Compare(b.Odds, a.Odds), cmp.Compare(a.Recipient, b.Recipient))
	}
	slices.SortFunc(f.Accused, byOdds)
	slices.SortFunc(f.Nearest, byOdds)
	f.Nearest = f.Nearest[:min(5, len(f.Nearest))]
	return f, nil
}

// threshold is the odds that nobody of so many innocent recipients reaches but with a
// probability of risk.
func threshold(recipients int, risk float64) float64 { return math.Log10(float64(recipients) / risk) }

// A decoder holds what a leak shows.
type decoder struct {
	shown   []int     // the bits that are shown
	bias    []float64 // of them
	group   []int     // of them: which of the distinct readings
	groups  []Reading
	known   []int // of them: how many of the accused have 1
	accused int
}

func (c *Code) decoder(readings []Reading) *decoder {
	d := &decoder{}
	index := map[Reading]int{}
	for i, r := range readings {
		if r.Ones+r.Zeros <= 0 {
			continue
		}
		// Many places of a bit tell hardly more than thirty, and would underflow.
		if n := r.Ones + r.Zeros; n > 30 {
			r.Ones, r.Zeros = (r.Ones*30+n/2)/n, (r.Zeros*30+n/2)/n
		}
		g, ok := index[r]
		if !ok {
			g = len(d.groups)
			index[r] = g
			d.groups = append(d.groups, r)
		}
		d.shown, d.bias, d.group = append(d.shown, i), append(d.bias, float64(c.bias[i])/65536), append(d.group, g)
	}
	d.known = make([]int, len(d.shown))
	return d
}

// likelihoods returns, by reading and number of copies with 1, the probability of a
// reading.
func (d *decoder) likelihoods(m model) [][]float64 {
	table := make([][]float64, len(d.groups))
	for g, r := range d.groups {
		table[g] = make([]float64, len(m.show))
		for k, p := range m.show {
			table[g][k] = math.Pow(p, float64(r.Ones)) * math.Pow(1-p, float64(r.Zeros))
		}
	}
	return table
}

// bins is into how many bins biases are put to compare explanations.
const bins = 24

// explain returns, for each number of colluders from least, the model under which the
// readings are most probable. Bits of about the same bias and with the same reading are
// taken together: an explanation need not be exact.
func (d *decoder) explain(least int) []model {
	type cell struct{ bin, group, known int }
	place := map[cell]int{}
	var cells []cell
	var counts []float64
	for n, p := range d.bias {
		c := cell{int(p * bins), d.group[n], d.known[n]}
		i, ok := place[c]
		if !ok {
			i = len(cells)
			place[c], cells, counts = i, append(cells, c), append(counts, 0)
		}
		counts[i]++
	}
	var draws [bins][]float64
	var best []model
	for _, m := range models(least) { // in the order of their colluders
		if len(best) == 0 || best[len(best)-1].colluders != m.colluders {
			for i := range draws {
				draws[i] = make([]float64, m.colluders-d.accused+1)
				binomial(draws[i], (float64(i)+.5)/bins)
			}
			best = append(best, model{colluders: m.colluders, likelihood: math.Inf(-1)})
		}
		table := d.likelihoods(m)
		sum := 0.0
		for i, c := range cells {
			likely := table[c.group][c.known:]
			l := 0.0
			for k, w := range draws[c.bin] {
				l += w * likely[k]
			}
			sum += counts[i] * math.Log(l)
		}
		if m.likelihood = sum; sum > best[len(best)-1].likelihood {
			best[len(best)-1] = m
		}
	}
	return best
}

// score writes the decimal logarithm of each recipient's likelihood ratio, the mean over
// the models. Words are read eight bits at a time, by tables of the sums of eight
// scores.
func (d *decoder) score(odds []float64, words [][]byte, explanations []model) {
	table := make([][256]float64, len(words[0]))
	sums := make([]float64, len(words)*len(explanations))
	for e, m := range explanations {
		var score [8][2]float64
		scores := d.scores(m)
		next := 0 // of the bits shown
		for b := range table {
			base := 0.0
			for i := range score {
				if score[i] = [2]float64{}; next < len(d.shown) && d.shown[next] == 8*b+i {
					score[i] = scores[next]
					next++
				}
				base += score[i][0]
			}
			table[b][0] = base
			for i, s := range score { // each bit doubles the part of the table that is filled
				for low := range 1 << i {
					table[b][low|1<<i] = table[b][low] + s[1] - s[0]
				}
			}
		}
		for r := range words {
			s := 0.0
			for b, bits := range words[r] {
				s += table[b][bits]
			}
			sums[r*len(explanations)+e] = s
		}
	}
	for r := range words {
		logs := sums[r*len(explanations) : (r+1)*len(explanations)]
		top := slices.Max(logs)
		mean := 0.0
		for _, l := range logs {
			mean += math.Exp(l - top)
		}
		odds[r] = (top + math.Log(mean/float64(len(logs)))) / math.Ln10
	}
}

// scores returns, for each bit shown, the logarithm of the likelihood ratio of a
// recipient that has 0, and of one that has 1.
func (d *decoder) scores(m model) [][2]float64 {
	table := d.likelihoods(m)
	out := make([][2]float64, len(d.shown))
	rest := make([]float64, m.colluders-d.accused) // the colluders beside the recipient and the accused
	for n, p := range d.bias {
		binomial(rest, p)
		l := table[d.group[n]][d.known[n]:]
		with, without := 0.0, 0.0
		for k, w := range rest {
			with += w * l[k+1]
			without += w * l[k]
		}
		any := p*with + (1-p)*without
		out[n] = [2]float64{math.Log(without / any), math.Log(with / any)}
	}
	return out
}

// binomial fills out with the probabilities of 0 to len(out)-1 ones among len(out)-1
// draws with bias p.
func binomial(out []float64, p float64) {
	out[0] = 1
	for n := 1; n < len(out); n++ {
		out[n] = out[n-1] * p
		for k := n - 1; k > 0; k-- {
			out[k] = out[k]*(1-p) + out[k-1]*p
		}
		out[0] *= 1 - p
	}
}
