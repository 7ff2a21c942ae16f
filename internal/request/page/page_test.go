package page_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/request"
	"chaperone.example/internal/request/page"
	"chaperone.example/internal/request/requesttest"
	"chaperone.example/internal/web"
	"chaperone.example/internal/web/webtest"
	"chaperone.example/ledger"
	"golang.org/x/net/html"
)

// site serves the pages of this module to one actor, as the program does.
type site struct {
	*requesttest.World
	mux *access.Mux
}

func open(t *testing.T) site {
	t.Helper()
	w := requesttest.Open(t)
	var routes []access.Route
	for _, r := range access.Routes() {
		_, p, _ := strings.Cut(r.Pattern, " ")
		if strings.HasPrefix(p, "/requests") || strings.HasPrefix(p, "/static/") {
			routes = append(routes, r)
		}
	}
	table, err := access.NewTable(routes, access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	w.Desk.Gate = gate{table}
	mux := access.NewMux(table, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { web.Error(w, r, access.Refusal(r.Context())) }))
	page.Page{Desk: w.Desk, Sources: w.Sources}.Routes(mux)
	mux.Handle("GET /static/", web.Static())
	if err := mux.Err(); err != nil {
		t.Fatal(err)
	}
	return site{w, mux}
}

// gate is the table, and lets the agreement of the test world pass.
type gate struct{ *access.Table }

func (g gate) Permit(ctx context.Context, a ledger.Actor, action string) (ledger.Scope, error) {
	if strings.HasPrefix(action, "pact.") {
		return ledger.Scope{Actor: a, Org: a.Org}, nil
	}
	return g.Table.Permit(ctx, a, action)
}

func (s site) as(a ledger.Actor) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := access.WithActor(r.Context(), a)
		org := map[string]string{requesttest.Steward.Org: "Harbor Hospital", requesttest.Coordinator.Org: "Lakeside Quality Collaborative"}[a.Org]
		s.mux.ServeHTTP(w, r.WithContext(web.WithFrame(ctx, web.Frame{Person: "Robin Sample", Role: access.Title("quality-coordinator"), Org: org,
			Nav: []web.NavItem{{Label: "Home", Href: "/", Key: "home"}, {Label: "Requests", Href: "/requests", Key: "requests"}}})))
	})
}

func (s site) get(t *testing.T, a ledger.Actor, path string, status int) string {
	t.Helper()
	w := httptest.NewRecorder()
	s.as(a).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	if w.Code != status {
		t.Fatalf("GET %s as %s: %d, want %d\n%s", path, a.ID, w.Code, status, text(t, w.Body.String()))
	}
	return w.Body.String()
}

func (s site) post(t *testing.T, a ledger.Actor, path string, v url.Values, status int) (body, location string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.as(a).ServeHTTP(w, r)
	if w.Code != status {
		t.Fatalf("POST %s as %s: %d, want %d\n%s", path, a.ID, w.Code, status, text(t, w.Body.String()))
	}
	return w.Body.String(), w.Header().Get("Location")
}

// text is the words of a page, for looking at.
func text(t *testing.T, page string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "script" {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// field returns the attributes of the inputs with a name.
func field(t *testing.T, page, name string) (out []map[string]string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		attr := map[string]string{"#": n.Data}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		if n.Type == html.ElementNode && attr["name"] == name {
			if n.Data == "textarea" && n.FirstChild != nil {
				attr["value"] = n.FirstChild.Data
			}
			out = append(out, attr)
		}
	}
	return out
}

// entry is the form as the coordinator fills it in.
func entry() url.Values {
	a := requesttest.Ask()
	v := url.Values{"once": {"k1"}, "project": {"Readmissions after heart failure"}, "discloser": {a.Discloser}, "purpose": {"operations"}, "activity": {"quality-assessment"},
		"basis": {"B07"}, "statement": {"Compare readmission within thirty days."}, "class": {"I"}, "min_age": {"18"}, "diagnoses": {"i50"},
		"from": {"2025-01-01"}, "until": {"2025-12-31"}, "form": {"identified"}, "why": {"Days have to be counted."}, "recipient": a.Recipients, "retention": {"180"}}
	v["el-clinical"] = []string{"encounter.diagnosis", "encounter.disposition", "clinical.note"}
	v["el-quasi"] = []string{"patient.age", "patient.sex", "patient.zip", "encounter.admit-date", "encounter.discharge-date"}
	v["el-direct"] = []string{"patient.name", "patient.ssn", "patient.token", "encounter.key"}
	v["el-operational"] = []string{"encounter.class", "encounter.length-of-stay", "encounter.cost"}
	v["el-part2"] = []string{"clinical.substance-use"}
	return v
}

// The story of one request over the pages: asked for too much, right-sized, approved.
func TestRequestOverPages(t *testing.T) {
	s := open(t)
	form := s.get(t, requesttest.Coordinator, "/requests/new", 200)
	for _, name := range []string{"project", "discloser", "purpose", "activity", "basis", "statement", "class", "min_age", "max_age", "diagnoses", "from", "until",
		"el-direct", "el-quasi", "el-clinical", "el-operational", "el-sensitive", "el-part2", "form", "why", "recipient", "retention", "consortium", "combines", "once"} {
		if len(field(t, form, name)) == 0 {
			t.Errorf("the form has no field %s", name)
		}
	}
	_, where := s.post(t, requesttest.Coordinator, "/requests", entry(), 303)
	if _, again := s.post(t, requesttest.Coordinator, "/requests", entry(), 303); again != where {
		t.Errorf("the same form sent twice made %s and %s", where, again)
	}
	seen := text(t, s.get(t, requesttest.Coordinator, where, 200))
	for _, want := range []string{"You may receive 12 of the 16 elements", "withheld", "Social security number", "45 CFR 164.502(b)", "limited data set", "Harbor Hospital reviews it next",
		"Compare readmission within thirty days.", "To get more:", "Inpatient stays, aged 18 and over, with a diagnosis that begins with I50", "other bases that were tried"} {
		if !strings.Contains(seen, want) {
			t.Errorf("the page does not say %q:\n%s", want, seen)
		}
	}
	if strings.Contains(seen, "Your decision") {
		t.Error("whoever asks is offered to approve")
	}
	steward := s.get(t, requesttest.Steward, where, 200)
	if !strings.Contains(text(t, steward), "Awaits your decision") || len(field(t, steward, "dataset")) != 4 {
		t.Errorf("the steward is not offered the decision: %s", text(t, steward))
	}
	decision := field(t, steward, "decision")[0]["value"]
	body, _ := s.post(t, requesttest.Steward, where+"/approve", url.Values{"decision": {decision}, "dataset": {"d-half"}}, 422)
	if !strings.Contains(text(t, body), "do not hold: Length of stay, Charges and cost") {
		t.Errorf("an unfit dataset: %s", text(t, body))
	}
	if kept := field(t, body, "dataset"); !slices.ContainsFunc(kept, func(a map[string]string) bool { _, on := a["checked"]; return on && a["value"] == "d-half" }) {
		t.Error("what was ticked is lost after an error")
	}
	s.post(t, requesttest.Steward, where+"/approve", url.Values{"decision": {decision}, "dataset": {"d-encounters"}}, 303)
	done := text(t, s.get(t, requesttest.Coordinator, where, 200))
	for _, want := range []string{"Approved by Jordan Sample, Harbor Hospital", "Its data steward builds a release from it", "Decided by the law, at approval"} {
		if !strings.Contains(done, want) {
			t.Errorf("the approved request does not say %q: %s", want, done)
		}
	}
	if rep := text(t, s.get(t, requesttest.Coordinator, where+"/replay", 200)); !strings.Contains(rep, "The same answer, byte for byte") {
		t.Errorf("replay: %s", rep)
	}
	if list := text(t, s.get(t, requesttest.Steward, "/requests", 200)); !strings.Contains(list, "12 of 16") || !strings.Contains(list, "Approved") {
		t.Errorf("list: %s", list)
	}
}

func TestFormKeepsWhatWasTyped(t *testing.T) {
	s := open(t)
	v := entry()
	v.Set("retention", "many")
	v.Set("diagnoses", "I50, heart")
	v.Set("why", "")
	v.Set("until", "2024-12-31")
	body, _ := s.post(t, requesttest.Coordinator, "/requests", v, 422)
	seen := text(t, body)
	for _, want := range []string{"There is a problem", "Enter a whole number from 1 to 2196.", "Diagnosis 2 of the list is not the beginning of an ICD-10-CM code", "Say why de-identified data do not serve", "The last day is before the first"} {
		if !strings.Contains(seen, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for name, want := range map[string]string{"project": "Readmissions after heart failure", "statement": "Compare readmission within thirty days.", "from": "2025-01-01", "diagnoses": "I50, heart"} {
		if got := field(t, body, name)[0]["value"]; got != want {
			t.Errorf("%s comes back as %q, want %q", name, got, want)
		}
	}
	ticked := 0
	for _, g := range []string{"el-direct", "el-quasi", "el-clinical", "el-operational", "el-part2"} {
		for _, a := range field(t, body, g) {
			if _, on := a["checked"]; on {
				ticked++
			}
		}
	}
	if ticked != 16 {
		t.Errorf("%d elements are still ticked, want 16", ticked)
	}
	if l, err := ledger.Ask(t.Context(), s.Desk, requesttest.Coordinator, request.List{Sources: s.Sources}); err != nil || len(l.Rows) != 0 {
		t.Errorf("a form with errors made %d requests (%v)", len(l.Rows), err)
	}
	v = entry()
	for _, g := range []string{"el-direct", "el-quasi", "el-clinical", "el-operational", "el-part2"} {
		v.Del(g)
	}
	if body, _ := s.post(t, requesttest.Coordinator, "/requests", v, 422); !strings.Contains(text(t, body), "Choose at least one element.") {
		t.Error("a request for nothing was not turned away")
	}
}

func TestDeniedPageSaysWhatWouldHaveToChange(t *testing.T) {
	s := open(t)
	s.Sign(t, "baa.report")
	_, where := s.post(t, requesttest.Coordinator, "/requests", entry(), 303)
	seen := text(t, s.get(t, requesttest.Coordinator, where, 200))
	for _, want := range []string{"Nothing may be shared on this request", "lacks: Report of unpermitted uses and breaches", "What would have to change", "not information blocking", "45 CFR 171.", "The basis named fails: Business associate", "All 16 elements asked for are withheld"} {
		if !strings.Contains(seen, want) {
			t.Errorf("the page does not say %q:\n%s", want, seen)
		}
	}
	s.Sign(t, "")
	s.post(t, requesttest.Coordinator, where+"/reconsider", url.Values{"once": {"c1"}}, 303)
	if seen := text(t, s.get(t, requesttest.Coordinator, where, 200)); !strings.Contains(seen, "Awaiting approval") {
		t.Errorf("after the agreement was mended: %s", seen)
	}
}

func TestNarrowToWhatIsPermitted(t *testing.T) {
	s := open(t)
	_, where := s.post(t, requesttest.Coordinator, "/requests", entry(), 303)
	body := s.get(t, requesttest.Coordinator, where+"/amend?fit=1", 200)
	v := url.Values{"once": {"n1"}}
	for _, name := range []string{"project", "statement", "why", "basis", "min_age", "max_age", "diagnoses", "from", "until", "retention"} {
		for _, a := range field(t, body, name) {
			v.Set(name, a["value"])
		}
	}
	v.Set("basis", "B07")
	for _, name := range []string{"class", "form", "recipient", "el-direct", "el-quasi", "el-clinical", "el-operational", "el-part2"} {
		for _, a := range field(t, body, name) {
			if _, on := a["checked"]; on {
				v.Add(name, a["value"])
			}
		}
	}
	s.post(t, requesttest.Coordinator, where+"/amend", v, 303)
	seen := text(t, s.get(t, requesttest.Coordinator, where, 200))
	if !strings.Contains(seen, "Narrowed to version 2") || strings.Contains(seen, "Social security number") {
		t.Errorf("the narrower request: %s", seen)
	}
}

func TestRefuseAndWithdraw(t *testing.T) {
	s := open(t)
	_, where := s.post(t, requesttest.Coordinator, "/requests", entry(), 303)
	if body, _ := s.post(t, requesttest.Steward, where+"/refuse", url.Values{}, 422); !strings.Contains(text(t, body), "Choose the reason of the refusal.") {
		t.Error("a refusal without reason was not turned away")
	}
	s.post(t, requesttest.Steward, where+"/refuse", url.Values{"reason": {"too-much"}, "note": {"One year is enough."}}, 303)
	if seen := text(t, s.get(t, requesttest.Coordinator, where, 200)); !strings.Contains(seen, "Harbor Hospital refused: More is asked for than the purpose needs") || !strings.Contains(seen, "One year is enough.") || !strings.Contains(seen, "171.202(b)") {
		t.Errorf("the refusal: %s", seen)
	}
	s.post(t, requesttest.Coordinator, where+"/withdraw", url.Values{}, 303)
	if seen := text(t, s.get(t, requesttest.Steward, where, 200)); !strings.Contains(seen, "Withdrawn") || strings.Contains(seen, "Your decision") {
		t.Errorf("withdrawn: %s", seen)
	}
}

func TestCSV(t *testing.T) {
	s := open(t)
	_, where := s.post(t, requesttest.Coordinator, "/requests", entry(), 303)
	for path, want := range map[string]int{"/requests.csv": 2, where + "/decision.csv": 17} {
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(s.get(t, requesttest.Steward, path, 200), "\ufeff"))).ReadAll()
		if err != nil || len(rows) != want {
			t.Errorf("%s: %d rows, want %d (%v)", path, len(rows), want, err)
		}
	}
}

// Every page and form of another organization's request answers like that of none.
func TestPagesStayInScope(t *testing.T) {
	s := open(t)
	_, where := s.post(t, requesttest.Coordinator, "/requests", entry(), 303)
	asker := requesttest.Stranger
	asker.Role = requesttest.Coordinator.Role
	for _, r := range access.Routes() {
		method, p, _ := strings.Cut(r.Pattern, " ")
		if !strings.HasPrefix(p, "/requests/{id}") {
			continue
		}
		actor := asker
		if r.Action == "request.approve" || r.Action == "request.refuse" {
			actor = requesttest.Stranger
		}
		answer := func(base string) string {
			path := strings.Replace(p, "/requests/{id}", base, 1)
			if method == "GET" {
				return s.get(t, actor, path, 404)
			}
			v := entry()
			v.Set("dataset", "d-encounters")
			v.Set("reason", "too-much")
			body, _ := s.post(t, actor, path, v, 404)
			return body
		}
		if theirs, none := answer(where), answer("/requests/q-none"); text(t, theirs) != text(t, none) {
			t.Errorf("%s tells another's request from none", r.Pattern)
		}
	}
	if seen := text(t, s.get(t, requesttest.Stranger, "/requests", 200)); strings.Contains(seen, "Readmissions") {
		t.Error("a stranger's list shows it")
	}
}

func TestRolesAreAsked(t *testing.T) {
	s := open(t)
	s.get(t, requesttest.Steward, "/requests/new", 403)
	_, where := s.post(t, requesttest.Coordinator, "/requests", entry(), 303)
	s.post(t, requesttest.Coordinator, where+"/approve", url.Values{"dataset": {"d-encounters"}}, 403)
	technician := ledger.Actor{ID: "u-t", Org: requesttest.Steward.Org, Role: "msp-technician"}
	s.get(t, technician, where, 403)
}

// The pages in a browser: accessible, readable on a phone, working without scripts.
func TestPagesInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := open(t)
	_, where := s.post(t, requesttest.Coordinator, "/requests", entry(), 303)
	coordinator, steward := httptest.NewServer(s.as(requesttest.Coordinator)), httptest.NewServer(s.as(requesttest.Steward))
	defer coordinator.Close()
	defer steward.Close()
	b.Sound(t, coordinator.URL+"/requests/new", "request-new", 200)
	b.Sound(t, coordinator.URL+where, "request-decided", 200)
	b.Sound(t, steward.URL+where, "request-steward", 200)
	b.Sound(t, coordinator.URL+where+"/amend?fit=1", "request-narrow", 200)
	b.Sound(t, coordinator.URL+where+"/replay", "request-replay", 200)
	s.End(t)
	v := entry()
	v.Set("once", "k2")
	_, denied := s.post(t, requesttest.Coordinator, "/requests", v, 303)
	b.Sound(t, coordinator.URL+denied, "request-denied", 200)
	b.Sound(t, steward.URL+"/requests", "request-list", 200)
}
