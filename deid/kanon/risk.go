package kanon

import (
	"errors"
	"math"
)

// A Risk says how likely people in a released table can be recognized, by the models of
// El Emam, "Guide to the De-Identification of Personal Health Information" (2013).
type Risk struct {
	Rows    int // that were released
	Classes int
	// Prosecutor: the attacker knows that the person is in the table. Without a table of
	// the population, the journalist, who does not know, has the same risk.
	Highest   float64 // 1 divided by the rows of the smallest class
	AtRisk    float64 // share of rows whose risk is above the threshold
	Threshold float64
	// Marketer: the expected share of rows that are matched correctly.
	Average float64
	// SampleUnique is the share of rows that stand alone in the table.
	SampleUnique float64
	sizes        map[int]int // how many classes have so many rows
}

// Risk returns the risk of a result; rows above threshold count as at risk. CMS asks for
// 1/11, the European Medicines Agency and Health Canada for .09.
func (r Result) Risk(threshold float64) Risk {
	sizes := map[string]int{}
	var row []string
	var id []byte
	for i := range r.table.rows {
		if r.combos[r.table.tuple[i]] == nil {
			continue
		}
		row = r.Row(row[:0], i)
		id = id[:0]
		for _, v := range row {
			id = append(append(id, v...), 0)
		}
		sizes[string(id)]++
	}
	return risk(sizes, threshold)
}

// Risk returns the risk of the table as it is.
func (t *Table) Risk(threshold float64) Risk {
	combos := make([][]int, len(t.leaves))
	for i := range combos {
		combos[i] = make([]int, len(t.hierarchies))
	}
	return Result{table: t, combos: combos}.Risk(threshold)
}

// Measure returns the risk of a table whose classes are known: how many rows each has.
func Measure(classes map[string]int, threshold float64) Risk { return risk(classes, threshold) }

// Smallest is how many rows the smallest class has, 0 if there are no rows.
func (r Risk) Smallest() int {
	smallest := 0
	for size := range r.sizes {
		if smallest == 0 || size < smallest {
			smallest = size
		}
	}
	return smallest
}

func risk(classes map[string]int, threshold float64) Risk {
	r := Risk{Threshold: threshold, Classes: len(classes), sizes: map[int]int{}}
	smallest, above := 0, 0
	for _, n := range classes {
		r.Rows += n
		r.sizes[n]++
		if smallest == 0 || n < smallest {
			smallest = n
		}
		if 1/float64(n) > threshold {
			above += n
		}
	}
	if r.Rows == 0 {
		return r
	}
	n := float64(r.Rows)
	r.Highest = 1 / float64(smallest)
	r.AtRisk = float64(above) / n
	r.Average = float64(r.Classes) / n
	r.SampleUnique = float64(r.sizes[1]) / n
	return r
}

// Zayatz estimates the share of rows that are unique in a population of so many people
// as well (Zayatz, "Estimation of the percent of unique population elements on a
// microdata file using the sample", 1991).
func (r Risk) Zayatz(population float64) float64 {
	if r.Rows == 0 || r.sizes[1] == 0 {
		return 0
	}
	f := float64(r.Rows) / population
	sum := 0.0
	for size, classes := range r.sizes {
		sum += float64(classes) / float64(r.Classes) * float64(size) * f * math.Pow(1-f, float64(size-1))
	}
	return float64(r.sizes[1]) / float64(r.Classes) * f / sum * r.SampleUnique
}

// ErrNoFit is the error when the likelihood of Pitman's model has no maximum for the
// table.
var ErrNoFit = errors.New("kanon: Pitman's model does not fit the sizes of the classes")

// Pitman estimates the share of a population of so many people that is unique (Hoshino,
// "Applying Pitman's sampling formula to microdata disclosure risk assessment", Journal
// of Official Statistics 17, 2001). Dankar et al. (BMC Medical Informatics 12:66, 2012)
// recommend it when the table holds at most a tenth of the population.
func (r Risk) Pitman(population float64) (float64, error) {
	n, u := float64(r.Rows), float64(r.Classes)
	f1, f2 := float64(r.sizes[1]), float64(r.sizes[2])
	if f1 == 0 || f2 == 0 || n == u {
		return 0, ErrNoFit
	}
	// The slopes of the log likelihood. Each is falling in its own parameter, so both can
	// be brought to zero by halving an interval; the steps of Newton that Hoshino uses are
	// faster and run away on some tables.
	byTheta := func(theta, alpha float64) float64 {
		g := 0.0
		for i := 1.0; i < u; i++ {
			g += 1 / (theta + i*alpha)
		}
		for i := 1.0; i < n; i++ {
			g -= 1 / (theta + i)
		}
		return g
	}
	byAlpha := func(theta, alpha float64) float64 {
		g := 0.0
		for i := 1.0; i < u; i++ {
			g += i / (theta + i*alpha)
		}
		for size, classes := range r.sizes {
			for i := 1.0; i < float64(size); i++ {
				g -= float64(classes) / (i - alpha)
			}
		}
		return g
	}
	best := func(alpha float64) float64 { // the best theta for an alpha
		low, high := math.Log(1e-9), math.Log(1e12)
		return math.Exp(zero(low, high, func(x float64) float64 { return byTheta(math.Exp(x), alpha) }))
	}
	alpha := zero(1e-9, 1-1e-9, func(alpha float64) float64 { return byAlpha(best(alpha), alpha) })
	if alpha < 1e-8 || alpha > 1-1e-8 {
		return 0, ErrNoFit
	}
	theta := best(alpha)
	a, _ := math.Lgamma(theta + 1)
	b, _ := math.Lgamma(theta + alpha)
	return math.Exp(a-b) * math.Pow(population, alpha-1), nil
}

// zero finds where a falling function crosses zero.
func zero(low, high float64, f func(float64) float64) float64 {
	for range 60 {
		middle := (low + high) / 2
		if f(middle) > 0 {
			low = middle
		} else {
			high = middle
		}
		if high-low < 1e-12*max(1, math.Abs(middle)) {
			break
		}
	}
	return (low + high) / 2
}
