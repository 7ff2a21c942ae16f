package composition

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// release lists people by class.
func release(classes map[string][]string) Release {
	return func(yield func(Row) bool) {
		for class, people := range classes {
			for _, p := range people {
				if !yield(Row{p, class}) {
					return
				}
			}
		}
	}
}

func people(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint("p", i))
	}
	return out
}

func TestCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		releases []Release
		want     Report
		exposed  []string
	}{
		"the same release twice": {[]Release{release(map[string][]string{"a": people(0, 5), "b": people(5, 10)}), release(map[string][]string{"a": people(0, 5), "b": people(5, 10)})},
			Report{K: 5, Releases: 2, People: 10, Alone: []int{0, 0}, Classes: 2, Smallest: 5}, nil},
		// Each has classes of five and more; p4 is the only one who is in the first of the one and
		// the second of the other.
		"classes that cross": {[]Release{release(map[string][]string{"a": people(0, 5), "b": people(5, 11)}), release(map[string][]string{"x": people(0, 4), "y": people(4, 11)})},
			Report{K: 5, Releases: 2, People: 11, Alone: []int{0, 4}, Classes: 3, Smallest: 1, Below: 5, Single: 1}, people(0, 5)},
		"two people more": {[]Release{release(map[string][]string{"a": people(0, 6)}), release(map[string][]string{"a": people(0, 8)})},
			Report{K: 5, Releases: 2, People: 8, Alone: []int{0, 0}, Classes: 2, Smallest: 2, Below: 2, Changed: 2}, people(6, 8)},
		"one person less": {[]Release{release(map[string][]string{"a": people(0, 6)}), release(map[string][]string{"a": people(0, 5)})},
			Report{K: 5, Releases: 2, People: 6, Alone: []int{0, 0}, Classes: 2, Smallest: 1, Below: 1, Single: 1, Changed: 1}, []string{"p5"}},
		"three releases": {[]Release{release(map[string][]string{"a": people(0, 10)}), release(map[string][]string{"a": people(0, 10)}), release(map[string][]string{"x": people(0, 7), "y": people(7, 10)})},
			Report{K: 5, Releases: 3, People: 10, Alone: []int{0, 0, 3}, Classes: 2, Smallest: 3, Below: 3}, people(7, 10)},
	} {
		t.Run(name, func(t *testing.T) {
			var exposed []string
			got, err := Check(5, tt.releases, func(p string) { exposed = append(exposed, p) })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			slices.Sort(exposed)
			if !slices.Equal(exposed, tt.exposed) {
				t.Errorf("exposed %v, want %v", exposed, tt.exposed)
			}
			if got.Clean() != (len(tt.exposed) == 0) {
				t.Error("Clean does not say so")
			}
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	one := []Release{release(nil)}
	if _, err := Check(1, append(one, one...), nil); err == nil {
		t.Error("k = 1 is accepted")
	}
	if _, err := Check(5, one, nil); err == nil {
		t.Error("a single release is accepted")
	}
}

// More releases never hide people better, and leaving the exposed out of all releases
// leaves nobody exposed.
func TestComposition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "people")
		var rows [3][]Row
		for p := range n {
			for r := range rows {
				if c := rapid.IntRange(0, 4).Draw(t, "class"); c > 0 {
					rows[r] = append(rows[r], Row{fmt.Sprint(p), fmt.Sprint(c)})
				}
			}
		}
		k := rapid.IntRange(2, 6).Draw(t, "k")
		all := []Release{slices.Values(rows[0]), slices.Values(rows[1]), slices.Values(rows[2])}
		two, err := Check(k, all[:2], nil)
		if err != nil {
			t.Fatal(err)
		}
		exposed := map[string]bool{}
		three, err := Check(k, all, func(p string) { exposed[p] = true })
		if err != nil {
			t.Fatal(err)
		}
		if three.Below < two.Below || len(exposed) != three.Below {
			t.Fatalf("two releases expose %d, three %d (%d named)", two.Below, three.Below, len(exposed))
		}
		for r := range rows {
			rows[r] = slices.DeleteFunc(rows[r], func(row Row) bool { return exposed[row.Person] })
			all[r] = slices.Values(rows[r])
		}
		if left, err := Check(k, all, nil); err != nil || !left.Clean() {
			t.Fatalf("without the exposed: %+v, %v", left, err)
		}
	})
}
