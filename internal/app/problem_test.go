package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/rest"
)

// Whatever is sent, in whichever field, a problem document does not repeat it: it may
// be a patient's name. And it is never an internal error.
func TestProblemsRepeatNothing(t *testing.T) {
	w := theWorld(t)
	fields := w.document(t)
	random := rand.New(rand.NewPCG(1, 2))
	const mark = "Zyxecho"
	sent := 0
	check := func(r route, who person, target string, b body, what string) {
		t.Helper()
		sent++
		a := w.ask(t, who, r.method(), target, b)
		if a.Code >= 500 {
			t.Errorf("%s: %s is answered %d", r.Pattern, what, a.Code)
		}
		if a.Code >= 400 {
			if strings.Contains(strings.ToLower(a.Body.String()), strings.ToLower(mark)) {
				t.Errorf("%s: %s comes back in the problem document: %.300s", r.Pattern, what, a.Body)
			}
			var p rest.Problem
			if err := json.Unmarshal(a.Body.Bytes(), &p); err != nil || p.Status != a.Code || p.Detail == "" || p.Code == "" || a.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %s is answered %d with no problem document: %q %.200s", r.Pattern, what, a.Code, a.Header().Get("Content-Type"), a.Body)
			}
		}
	}
	for _, r := range table() {
		if !r.api() || strings.HasSuffix(r.path(), "/sign-out") {
			continue
		}
		who := visitor
		if role := r.insider(); role != access.Anyone {
			who = one(birch, role)
		}
		own := ""
		if k := r.kind(t); k != "" && k != "position" {
			own = mark
			takes := false // a body, which can be wrong; a command without one would be carried out
			if make := bodies[r.Pattern]; make != nil {
				_, takes = make(w).(map[string]any)
			}
			if (takes || r.method() == http.MethodGet) && len(w.of[birch][k]) > 0 {
				own = w.of[birch][k][0]
			}
		}
		check(r, who, r.at(mark), body{}, "the path")
		for _, f := range fields[r.Pattern] {
			if r.method() == http.MethodGet {
				check(r, who, r.at(own)+"?"+url.Values{f: {mark + " Jones"}}.Encode(), body{}, f)
				continue
			}
		}
		if r.method() != http.MethodPost || strings.HasSuffix(r.path(), "/file") {
			continue
		}
		for _, b := range []string{mark, `"` + mark + `"`, `["` + mark + `"]`, `{"` + mark + `":1}`, `{"version":"` + mark + `"}`, `{"` + mark, `null`, `{"a":` + strings.Repeat("[", 10000), "{\"title\":\"\xff" + mark + "\"}"} {
			check(r, who, r.at(own), body{jsonType, b}, "the body "+b[:min(len(b), 20)])
		}
		check(r, who, r.at(own), body{"text/" + mark, `{}`}, "the type")
		make := bodies[r.Pattern]
		if make == nil {
			continue
		}
		good, ok := make(w).(map[string]any)
		if !ok {
			continue
		}
		// One field at a time holds something else: another type, or a word that is none of
		// those that it may be. A field of free words is left out, and path and body are nobody's
		// where the command could succeed.
		for name := range good {
			for _, value := range []any{mark, 1.5, true, nil, []any{mark, 2}, map[string]any{mark: mark}, -1 << 40} {
				if s, isText := value.(string); isText && slices.Contains([]string{"project", "statement", "why_more", "name", "login", "title", "system", "note", "key", "identifier"}, name) && s == mark {
					continue
				}
				other := maps.Clone(good)
				other[name] = value
				if random.IntN(3) == 0 {
					other[mark] = mark
				}
				raw, err := json.Marshal(other)
				if err != nil {
					t.Fatal(err)
				}
				target := r.at(own)
				if k := r.kind(t); k != "" {
					target = r.at(mark)
				}
				check(r, who, target, body{jsonType, string(raw)}, fmt.Sprintf("%v in %s", value, name))
			}
		}
	}
	t.Logf("%d requests", sent)
}
