package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/phi"
)

// asked is what a coordinator of birch sends to the API to ask its own organization.
func asked(w *world) map[string]any {
	return map[string]any{
		"discloser": birch, "purpose": "operations", "activity": "quality-assessment", "consortium": "", "combines": []string{},
		"population": map[string]any{"classes": []string{"I"}}, "window": map[string]string{"from": "2024-01-01", "until": "2024-12-31"},
		"elements": wanted, "form": "limited", "recipients": []string{one(birch, phi.QualityCoordinator).ID}, "retention": 90,
		"project": "Isolation", "statement": "Count readmissions by service.", "why_more": "Days between stays are needed.",
	}
}

// entered is the same as a form.
func entered(w *world) url.Values {
	return url.Values{
		"discloser": {birch}, "purpose": {"operations"}, "activity": {"quality-assessment"}, "class": {"I"}, "from": {"2024-01-01"}, "until": {"2024-12-31"},
		"el-clinical": {"encounter.diagnosis"}, "form": {"limited"}, "recipient": {one(birch, phi.QualityCoordinator).ID}, "retention": {"90"},
		"project": {"Isolation"}, "statement": {"Count readmissions by service."}, "why": {"Days between stays are needed."},
	}
}

// bodies holds a well-formed body for every route that takes one: an url.Values for a
// page, a map for the API, a string as it is. Identifiers in it are birch's own.
var bodies = map[string]func(*world) any{
	"POST /account/sessions/{id}/end": nothing, "POST /people/{id}/invite": nothing, "POST /people/{id}/disable": nothing, "POST /people/{id}/enable": nothing,
	"POST /api/v1/people/{id}/invite": nothing, "POST /api/v1/people/{id}/disable": nothing, "POST /api/v1/people/{id}/enable": nothing,
	"POST /people": func(*world) any {
		return url.Values{"org": {birch}, "role": {"auditor"}, "name": {"Newcomer"}, "login": {"newcomer@birch.example"}}
	},
	"POST /api/v1/people": func(*world) any {
		return map[string]any{"org": birch, "role": "auditor", "name": "Newcomer", "login": "newcomer@birch.example"}
	},

	"POST /organizations/{id}/close": nothing, "POST /organizations/{id}/reopen": nothing, "POST /api/v1/organizations/{id}/close": nothing, "POST /api/v1/organizations/{id}/reopen": nothing,
	"POST /organizations/officers": func(*world) any { return url.Values{"duty": {"security"}, "user": {one(birch, phi.Auditor).ID}} },
	"POST /api/v1/workspace/officers": func(*world) any {
		return map[string]any{"duty": "security", "user": one(birch, phi.Auditor).ID}
	},
	"POST /organizations/engagements":        func(*world) any { return url.Values{"organization": {cedar}} },
	"POST /organizations/engagements/end":    func(*world) any { return url.Values{"organization": {cedar}} },
	"POST /api/v1/workspace/engagements":     func(*world) any { return map[string]any{"organization": cedar} },
	"POST /api/v1/workspace/engagements/end": func(*world) any { return map[string]any{"organization": cedar} },

	"POST /agreements": func(*world) any {
		return url.Values{"template": {"baa"}, "other": {collab}, "whose": {"ours"}, "purpose": {"operations"}, "recipient": {collab}}
	},
	"POST /agreements/{id}/amend": func(*world) any {
		return url.Values{"version": {"1"}, "purpose": {"operations"}, "recipient": {collab}}
	},
	"POST /agreements/{id}/sign": func(*world) any { return url.Values{"version": {"1"}, "confirm": {"yes"}} },
	"POST /agreements/{id}/review": func(*world) any {
		return url.Values{"version": {"1"}, "reviewer": {"counsel"}, "finding": {"acceptable"}}
	},
	"POST /agreements/{id}/renew":     func(*world) any { return url.Values{"version": {"1"}, "end": {"2027-12-31"}} },
	"POST /agreements/{id}/terminate": func(*world) any { return url.Values{"reason": {"convenience"}, "confirm": {"yes"}} },
	"POST /agreements/{id}/withdraw":  func(*world) any { return url.Values{"version": {"1"}} },
	"POST /api/v1/agreements": func(*world) any {
		return map[string]any{"upstream": birch, "downstream": collab, "template": "dua"}
	},
	"POST /api/v1/agreements/{id}/amend":     func(*world) any { return map[string]any{"version": 1, "template": "baa"} },
	"POST /api/v1/agreements/{id}/sign":      func(*world) any { return map[string]any{"version": 1} },
	"POST /api/v1/agreements/{id}/review":    func(*world) any { return map[string]any{"version": 1, "reviewer": "counsel", "finding": "acceptable"} },
	"POST /api/v1/agreements/{id}/renew":     func(*world) any { return map[string]any{"version": 1, "end": "2027-12-31"} },
	"POST /api/v1/agreements/{id}/terminate": func(*world) any { return map[string]any{"reason": "convenience"} },
	"POST /api/v1/agreements/{id}/withdraw":  func(*world) any { return map[string]any{"version": 1} },

	"POST /datasets/{id}/file": func(w *world) any {
		return upload("encounters.csv", "encounter_key,hospital_id,class,admit_dt,discharge_dt\n1,2,I,2024-01-01,2024-01-02\n")
	},
	"POST /datasets/{id}/classification": func(*world) any { return url.Values{"version": {"1"}} },
	"POST /datasets/{id}/provenance":     func(*world) any { return url.Values{"part2": {"none"}} },
	"POST /datasets/{id}/retirement":     func(*world) any { return url.Values{"reason": {"not-needed"}} },
	"POST /api/v1/datasets/{id}/file": func(*world) any {
		return "encounter_key,hospital_id,class,admit_dt,discharge_dt\n1,2,I,2024-01-01,2024-01-02\n"
	},
	"POST /api/v1/datasets/{id}/classification": func(*world) any { return map[string]any{"version": 1} },
	"POST /api/v1/datasets/{id}/provenance":     func(*world) any { return map[string]any{"part2": "none"} },
	"POST /api/v1/datasets/{id}/retirement":     func(*world) any { return map[string]any{"reason": "not-needed"} },

	"POST /requests":                 func(w *world) any { return entered(w) },
	"POST /requests/{id}/amend":      func(w *world) any { return entered(w) },
	"POST /requests/{id}/reconsider": nothing, "POST /requests/{id}/withdraw": nothing, "POST /api/v1/requests/{id}/reconsider": nothing, "POST /api/v1/requests/{id}/withdraw": nothing,
	"POST /requests/{id}/approve":      func(w *world) any { return url.Values{"dataset": {w.of[birch]["dataset"][0]}, "partial": {"yes"}} },
	"POST /requests/{id}/refuse":       func(*world) any { return url.Values{"reason": {"too-much"}} },
	"POST /api/v1/requests":            func(w *world) any { return asked(w) },
	"POST /api/v1/requests/{id}/amend": func(w *world) any { return asked(w) },
	"POST /api/v1/requests/{id}/approve": func(w *world) any {
		return map[string]any{"datasets": []string{w.of[birch]["dataset"][0]}, "partial": true}
	},
	"POST /api/v1/requests/{id}/refuse": func(*world) any { return map[string]any{"reason": "too-much"} },

	"POST /rules/packs/preview":            func(*world) any { return url.Values{"text": {ruled("preview")}, "effective": {"2030-01-01"}} },
	"POST /rules/packs":                    func(*world) any { return url.Values{"text": {ruled("other")}, "effective": {"2030-01-01"}} },
	"POST /rules/packs/{id}/retire":        func(*world) any { return url.Values{"effective": {"2030-01-01"}} },
	"POST /api/v1/rules/packs/preview":     func(*world) any { return map[string]any{"text": ruled("preview")} },
	"POST /api/v1/rules/packs":             func(*world) any { return map[string]any{"text": ruled("third"), "effective": "2030-01-01"} },
	"POST /api/v1/rules/packs/{id}/retire": func(*world) any { return map[string]any{"effective": "2030-01-01"} },

	"POST /releases":               func(w *world) any { return url.Values{"request": {w.of[birch]["request"][1]}, "days": {"14"}} },
	"POST /releases/{id}/download": nothing, "POST /api/v1/releases/{id}/download": nothing,
	"POST /releases/{id}/clear":         func(*world) any { return url.Values{"ground": {"chance"}} },
	"POST /api/v1/releases/{id}/clear":  func(*world) any { return map[string]any{"ground": "chance"} },
	"POST /releases/{id}/revoke":        func(*world) any { return url.Values{"reason": {"no-longer-needed"}} },
	"POST /api/v1/releases":             func(w *world) any { return map[string]any{"request": w.of[birch]["request"][1], "days": 14} },
	"POST /api/v1/releases/{id}/revoke": func(*world) any { return map[string]any{"reason": "no-longer-needed"} },
}

func nothing(*world) any { return "" }

// upload is a multipart form with one file.
func upload(name, contents string) body {
	return body{"multipart/form-data; boundary=zyx", "--zyx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\nContent-Type: text/csv\r\n\r\n" + contents + "\r\n--zyx--\r\n"}
}

// encode writes a body, with one field replaced if field is not empty.
func encode(t testing.TB, r route, value any, field, with string) body {
	t.Helper()
	switch v := value.(type) {
	case body:
		return v
	case string:
		switch {
		case v == "" && r.api():
			return body{}
		case r.api():
			return body{"application/octet-stream", v}
		}
		return body{formType, v}
	case url.Values:
		v = url.Values(http.Header(v).Clone())
		if field != "" {
			v.Set(field, with)
		}
		return body{formType, v.Encode()}
	case map[string]any:
		if field != "" {
			replace(v, field, with)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return body{jsonType, string(b)}
	}
	t.Fatalf("%s: a body of type %T", r.Pattern, value)
	return body{}
}

// replace sets a field, in a list if it is one.
func replace(m map[string]any, field, with string) {
	if _, list := m[field].([]string); list || strings.HasSuffix(field, "s") {
		m[field] = []string{with}
		return
	}
	m[field] = with
}

// shown is what a request was answered, without what differs between any two answers:
// the id of the request, the keys of forms, and the identifier that was asked for.
func shown(a *httptest.ResponseRecorder, id string) string {
	h := a.Header().Clone()
	for _, name := range []string{"Request-Id", "Content-Length", "Date"} {
		h.Del(name)
	}
	var b strings.Builder
	fmt.Fprintln(&b, a.Code)
	if err := h.Write(&b); err != nil {
		return err.Error()
	}
	b.WriteString(a.Body.String())
	s := b.String()
	if _, err := strconv.Atoi(id); err == nil {
		id = "/ledger/" + id // a number may stand for something else
	}
	for _, form := range []string{id, url.QueryEscape(id), url.PathEscape(id)} {
		s = strings.ReplaceAll(s, form, "ID")
	}
	s = regexp.MustCompile(`name="once" value="[^"]*"`).ReplaceAllString(s, `once`)
	return regexp.MustCompile(cookieName+`=[^;]*`).ReplaceAllString(s, cookieName)
}

// A foreigner looks for what another organization has.
type foreigner struct {
	org  string
	hide map[string][]string // kind → identifiers that are not for its eyes
}

// foreigners are birch, which has nothing to do with alder, and the collaborative,
// which runs the hub and is alder's business associate, and still does not see what
// alder keeps to itself.
func (w *world) foreigners(t testing.TB) []foreigner {
	t.Helper()
	own := w.of[alder]
	var private, public []string // positions in the ledger of alder alone, and of alder and others but birch
	head, err := w.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var streams []string
	for rec, err := range w.Log.All(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Seq >= head.N {
			break
		}
		var parties []string
		for _, p := range rec.Parties {
			parties = append(parties, p.Org)
		}
		switch {
		case len(parties) == 1 && parties[0] == alder:
			private = append(private, strconv.FormatInt(rec.Seq, 10))
			streams = append(streams, rec.Stream)
		case slices.Contains(parties, alder) && !slices.Contains(parties, birch):
			public = append(public, strconv.FormatInt(rec.Seq, 10))
		}
	}
	if len(private) < 5 || len(public) < 5 {
		t.Fatalf("%d records of alder alone and %d of others with it: the world is too small", len(private), len(public))
	}
	sessions := []string{w.aSession(t, one(alder, phi.Auditor)), w.aSession(t, one(alder, phi.Administrator))}
	return []foreigner{
		{birch, map[string][]string{
			"agreement": own["agreement"], "dataset": own["dataset"], "request": own["request"], "release": own["release"], "user": own["user"], "decision": own["decision"], "pack": own["pack"],
			"session": append(slices.Clone(sessions), w.aSession(t, one(birch, phi.Auditor))), "position": {private[0], private[len(private)-1], public[0]}, "stream": {streams[0], "agreement/" + own["agreement"][0]},
		}},
		{collab, map[string][]string{
			"agreement": own["agreement"][3:], "dataset": own["dataset"], "request": own["request"][2:4], "release": own["release"][1:], "user": own["user"], "decision": own["decision"], "pack": own["pack"],
			"session": sessions, "position": {private[0], private[len(private)-1]}, "stream": streams[:1],
		}},
	}
}

// sessions returns the public ids of a person's sessions.
func (w *world) sessions(t testing.TB, p person) ([]string, error) {
	open, err := w.Door.Store.Of(t.Context(), p.ID)
	var out []string
	for _, s := range open {
		out = append(out, s.ID)
	}
	return out, err
}

// Another organization's identifier, in path, query or body, in page or API, is
// answered as one that nobody has; and nothing is recorded. (IAM-2, issue of the first
// release: for every route in the table.)
func TestOtherOrganizationsIdentifiers(t *testing.T) {
	w := theWorld(t)
	fields := w.fields(t)
	probes := 0
	for _, f := range w.foreigners(t) {
		for _, r := range table() {
			if r.insider() == access.Anyone {
				continue
			}
			kind := r.kind(t)
			value, known := bodies[r.Pattern]
			if r.method() == http.MethodPost && kind != "" && !known {
				t.Errorf("%s: no well-formed body of it is in the table bodies", r.Pattern)
				continue
			}
			if kind != "" && kind != "tile" && kind != "organization" {
				for i, role := range r.roles {
					if role == access.Anyone {
						continue
					}
					ids := f.hide[kind]
					if i > 0 {
						ids = ids[:1]
					}
					for _, id := range ids {
						bs := []body{{}}
						if known {
							bs = append(bs, encode(t, r, value(w), "", ""))
						}
						for n, b := range bs {
							probes++
							// An empty body may be refused before anything is looked up.
							strict := n > 0 || r.method() == http.MethodGet
							w.alike(t, one(f.org, role), r, kind, "", id, strict, func(id string) (string, body) { return r.at(id), b })
						}
					}
				}
			}
			for _, field := range fields[r.Pattern] {
				kind := r.word(t, field)
				if kind == "" || kind == "organization" || field == "before" {
					// Organizations are in the directory that every member reads, and from any
					// position on the ledger shows own records only.
					continue
				}
				if r.method() == http.MethodPost && !known {
					t.Errorf("%s takes %s, the id of a %s, and no well-formed body of it is in the table bodies", r.Pattern, field, kind)
					continue
				}
				for _, id := range f.hide[kind] {
					probes++
					w.alike(t, one(f.org, r.insider()), r, kind, field, id, f.org == birch && !silent[r.Pattern+" "+field], func(id string) (string, body) {
						own := ""
						if k := r.kind(t); k != "" {
							own = w.of[f.org][k][0]
							if k == "request" && r.method() == http.MethodPost {
								own = w.pending(t, f.org)
							}
						}
						if r.method() == http.MethodGet {
							return r.at(own) + "?" + url.Values{field: {id}}.Encode(), body{}
						}
						return r.at(own), encode(t, r, value(w), field, id)
					})
				}
			}
		}
	}
	t.Logf("%d pairs of requests", probes)
}

// pending returns a request that the organization both makes and has to decide, or one
// that it makes.
func (w *world) pending(t testing.TB, organization string) string {
	t.Helper()
	own := w.of[organization]["request"]
	if organization == birch {
		return own[2]
	}
	return own[1]
}

// silent are the fields whose identifier names no object to look up: one narrows a list,
// which is then empty; a decision that was looked at is compared with the newest.
var silent = map[string]bool{
	"GET /ledger stream": true, "GET /api/v1/ledger stream": true, "GET /api/v1/releases request": true,
	"POST /requests/{id}/approve decision": true, "POST /api/v1/requests/{id}/approve decision": true,
}

// alike sends the same request with a foreign identifier and with one that nobody has.
func (w *world) alike(t *testing.T, who person, r route, kind, field, id string, strict bool, make func(id string) (string, body)) {
	t.Helper()
	w.token(t, who)
	before := w.trace(t)
	nobodys := random(kind)
	target, b := make(id)
	got := w.ask(t, who, r.method(), target, b)
	target, b = make(nobodys)
	want := w.ask(t, who, r.method(), target, b)
	where := "path"
	if field != "" {
		where = field
	}
	if g, x := shown(got, id), shown(want, nobodys); g != x {
		t.Errorf("%s by %v: a foreign %s in %s is answered %d, one that nobody has %d:\n%s", r.Pattern, who, kind, where, got.Code, want.Code, difference(g, x))
	}
	if strict && got.Code != http.StatusNotFound {
		t.Errorf("%s by %v: a foreign %s in %s is answered %d, want 404: %.300s", r.Pattern, who, kind, where, got.Code, mainWords(got))
	}
	if after := w.trace(t); after != before {
		t.Errorf("%s by %v: a foreign %s in %s left something behind: %+v, before %+v", r.Pattern, who, kind, where, after, before)
	}
}

// mainWords returns the words of a page's main part, or a document as it is.
func mainWords(a *httptest.ResponseRecorder) string {
	s := a.Body.String()
	if i := strings.Index(s, "<main"); i >= 0 {
		s = s[i:]
		s = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(s, " ")
		s = strings.Join(strings.Fields(s), " ")
	}
	return s
}

// difference shows where two answers part.
func difference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	cut := func(s string) string { return s[max(0, i-60):min(len(s), i+160)] }
	return fmt.Sprintf("\t…%q\n\t…%q", cut(a), cut(b))
}

// A member speaks for itself only: not where another organization is named in the
// place of its own.
func TestNobodySpeaksForAnother(t *testing.T) {
	w := theWorld(t)
	for _, tt := range []struct {
		name   string
		who    person
		method string
		target string
		b      body
	}{
		{"somebody is registered for another", one(birch, phi.Administrator), "POST", "/people", body{formType, "org=" + alder + "&role=auditor&name=Mole&login=mole@alder.example"}},
		{"likewise", one(birch, phi.Administrator), "POST", "/api/v1/people", body{jsonType, `{"org":"` + alder + `","role":"auditor","name":"Mole","login":"mole@alder.example"}`}},
		{"a second administrator is registered by the operator", one(collab, phi.Administrator), "POST", "/api/v1/people", body{jsonType, `{"org":"` + alder + `","role":"administrator","name":"Mole","login":"mole@alder.example"}`}},
		{"an agreement between two others is offered", one(birch, phi.PrivacyOfficer), "POST", "/api/v1/agreements", body{jsonType, `{"upstream":"` + alder + `","downstream":"` + collab + `","template":"baa"}`}},
		{"another leaves the hub", one(birch, phi.Administrator), "POST", "/organizations/" + alder + "/close", body{}},
		{"likewise", one(birch, phi.Administrator), "POST", "/api/v1/organizations/" + alder + "/close", body{}},
		{"an organization is registered by one that does not run the hub", one(birch, phi.Administrator), "POST", "/api/v1/organizations", body{jsonType, `{"name":"Mole","is":["covered-entity"]}`}},
		{"an engagement of another is ended", one(birch, phi.PrivacyOfficer), "POST", "/organizations/engagements/end", body{formType, "organization=" + collab}},
		{"a session of somebody else is ended", one(birch, phi.PrivacyOfficer), "POST", "/account/sessions/" + w.aSession(t, one(birch, phi.Analyst)) + "/end", body{}},
	} {
		w.token(t, tt.who)
		before := w.trace(t)
		a := w.ask(t, tt.who, tt.method, tt.target, tt.b)
		if a.Code < 400 || a.Code >= 500 {
			t.Errorf("%s: answered %d", tt.name, a.Code)
		}
		if after := w.trace(t); after != before {
			t.Errorf("%s: %+v is left behind, before %+v", tt.name, after, before)
		}
	}
}

func (w *world) aSession(t testing.TB, p person) string {
	t.Helper()
	w.token(t, p)
	open, err := w.sessions(t, p)
	if err != nil || len(open) == 0 {
		t.Fatalf("%v has no session: %v", p, err)
	}
	return open[0]
}
