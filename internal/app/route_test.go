package app_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/vault"
	"chaperone.example/phi"
	"golang.org/x/net/html"
)

// A route is a line of the authorization table.
type route struct {
	access.Route
	roles []phi.Role // that may pass
}

// table returns every route of the program with who may pass it.
func table() []route {
	roles := map[string][]phi.Role{}
	for _, g := range access.Grants() {
		roles[g.Action] = g.Roles
	}
	var out []route
	for _, r := range access.Routes() {
		out = append(out, route{r, roles[r.Action]})
	}
	return out
}

func (r route) method() string { m, _, _ := strings.Cut(r.Pattern, " "); return m }

func (r route) path() string {
	_, p, _ := strings.Cut(r.Pattern, " ")
	return strings.TrimSuffix(p, "{$}")
}

func (r route) api() bool { return isAPI(r.path()) }

func (r route) may(role phi.Role) bool { return slices.Contains(r.roles, role) }

// insider returns the first role that may pass and has signed in.
func (r route) insider() phi.Role {
	for _, role := range r.roles {
		if role != access.Anyone {
			return role
		}
	}
	return access.Anyone
}

// section is the first part of the path: "agreements".
func (r route) section() string {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.path(), "/api/v1"), "/"), "/")
	return first
}

// kind returns what the path's placeholder stands for, or "" if it has none.
func (r route) kind(t testing.TB) string {
	t.Helper()
	if !strings.Contains(r.path(), "{") {
		return ""
	}
	if strings.Contains(r.path(), "/sessions/{id}") {
		return "session"
	}
	kind, ok := map[string]string{
		"agreements": "agreement", "datasets": "dataset", "requests": "request", "releases": "release", "people": "user",
		"organizations": "organization", "ledger": "position", "log": "tile", "rules": "pack",
	}[r.section()]
	if !ok {
		t.Fatalf("%s: nobody said what its placeholder stands for: add it here", r.Pattern)
	}
	return kind
}

// at returns the path with an id in the place of the placeholder.
func (r route) at(id string) string {
	from, to := strings.Index(r.path(), "{"), strings.Index(r.path(), "}")
	if from < 0 {
		return r.path()
	}
	return r.path()[:from] + url.PathEscape(id) + r.path()[to+1:]
}

// random returns an id of a kind that nobody has.
func random(kind string) string {
	switch kind {
	case "position":
		return "90000000"
	case "decision":
		return strings.Repeat("0123456789abcdef", 4)
	case "stream":
		return "dataset/d-" + vault.NewID()
	}
	prefix := map[string]string{"agreement": "a-", "dataset": "d-", "request": "q-", "release": "r-", "user": "u-", "pack": "p-", "organization": "o-", "session": "s-"}[kind]
	return prefix + vault.NewID()
}

// words says of every field that a route takes what it holds: an identifier of
// something, or "" if it is none. A field is found with its section before it
// ("agreements.recipient") or without. One that is not here fails a test: whoever
// adds a field says what it is.
var words = map[string]string{
	// identifiers
	"user": "user", "recipient": "user", "recipients": "user", "dataset": "dataset", "datasets": "dataset", "request": "request", "decision": "decision",
	"stream": "stream", "before": "position",
	"organization": "organization", "org": "organization", "other": "organization", "upstream": "organization", "downstream": "organization",
	"discloser": "organization", "consortium": "organization", "combines": "organization", "agreements.recipient": "organization", "agreements.recipients": "organization",

	// words of the program
	"template": "", "activities": "", "activity": "", "at_end": "", "basis": "", "class": "", "classes": "", "clause": "", "clauses": "", "element": "", "effect": "", "elements": "", "q": "",
	"environment": "", "finding": "", "form": "", "format": "", "duty": "", "further_use": "", "is": "", "kind": "", "part2": "", "permit": "", "phi": "", "purpose": "", "purposes": "", "reason": "", "region": "",
	"repository": "", "residency": "", "reviewer": "", "role": "", "safeguard": "", "safeguards": "", "side": "", "source": "", "state": "", "status": "", "transfer": "", "whose": "", "show": "",
	"el-operational": "", "el-clinical": "", "el-quasi": "", "el-direct": "", "el-sensitive": "", "el-part2": "",
	"element1": "", "element2": "", "element3": "", "reason1": "", "reason2": "", "reason3": "",

	// fields of the own file
	"field": "", "field1": "", "field2": "", "field3": "",

	// numbers, days, marks
	"breach_hours": "", "confirm": "", "data_from": "", "data_until": "", "days": "", "effective": "", "end": "", "from": "", "max_age": "", "min_age": "", "partial": "", "retention": "",
	"retention_days": "", "return_by": "", "small_cell": "", "start": "", "to": "", "until": "", "version": "", "fit": "", "page": "",

	// a moment of the past
	"day": "", "time": "", "zone": "", "clock": "", "as-of": "", "as-of-clock": "",

	// free words, and what is entered
	"coordination": "", "counsel_summary": "", "diagnoses": "", "file": "", "identifier": "", "key": "", "name": "", "note": "", "project": "", "statement": "", "system": "", "text": "", "title": "", "why": "", "why_more": "",
	"login": "", "password": "", "code": "", "invitation": "",
	// where to go after signing in, and the key of a form that is sent twice
	"next": "", "once": "",
}

// word returns what a field of a route holds.
func (r route) word(t testing.TB, field string) string {
	t.Helper()
	if kind, ok := words[r.section()+"."+field]; ok {
		return kind
	}
	kind, ok := words[field]
	if !ok {
		t.Errorf("%s takes the field %q, and nobody said what it holds: add it to words", r.Pattern, field)
	}
	return kind
}

// fields finds out which fields every route takes: those of the pages from the forms
// that the program shows, those of the API from its document.
func (w *world) fields(t testing.TB) map[string][]string {
	t.Helper()
	found := map[string]map[string]bool{}
	add := func(pattern, field string) {
		if found[pattern] == nil {
			found[pattern] = map[string]bool{}
		}
		found[pattern][field] = true
	}
	mux := http.NewServeMux()
	for _, r := range table() {
		mux.Handle(r.Pattern, http.NotFoundHandler())
	}
	for _, r := range table() {
		if r.method() != http.MethodGet || r.api() {
			continue
		}
		for i, role := range r.roles {
			ids := []string{""}
			if kind := r.kind(t); kind != "" {
				// One in every state for one role; of the rest but requests, the first.
				if ids = w.of[alder][kind]; i > 0 && kind != "request" && len(ids) > 0 {
					ids = ids[:1]
				}
			}
			who := one(alder, role)
			if role == access.Anyone {
				who = visitor
			}
			for _, id := range ids {
				targets := []string{r.at(id)}
				switch r.path() {
				case "/agreements/new":
					targets = append(targets, "/agreements/new?template=baa", "/agreements/new?template=participation")
				case "/releases/new":
					targets = append(targets, "/releases/new?request="+w.of[alder]["request"][0])
				case "/people/new":
					targets = append(targets, "/people/new?org="+cedar)
				case "/organizations":
					if role == phi.Administrator {
						who = one(collab, role)
					}
				}
				for _, target := range targets {
					a := w.ask(t, who, "GET", target, body{})
					for action, names := range forms(t, a) {
						method, path, _ := strings.Cut(action, " ")
						if path == "" {
							path = target
						}
						_, pattern := mux.Handler(httptest.NewRequest(method, path, nil))
						if pattern == "" {
							t.Errorf("GET %s has a form for %s, which is in no line of the table", r.path(), action)
						}
						add(pattern, "")
						for _, n := range names {
							add(pattern, n)
						}
					}
				}
			}
		}
	}
	for pattern, names := range w.document(t) {
		for _, n := range names {
			add(pattern, n)
		}
	}
	out := map[string][]string{}
	for p, names := range found {
		delete(names, "")
		out[p] = append([]string{}, slices.Sorted(maps.Keys(names))...)
	}
	return out
}

// forms returns the names of the fields of every form of a page, by method and
// action.
func forms(t testing.TB, a *httptest.ResponseRecorder) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	if !strings.HasPrefix(a.Header().Get("Content-Type"), "text/html") {
		return out
	}
	doc, err := html.Parse(strings.NewReader(a.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(n *html.Node, form string)
	walk = func(n *html.Node, form string) {
		if n.Type == html.ElementNode {
			at := attributes(n)
			switch n.Data {
			case "form":
				form = strings.ToUpper(at["method"])
				if form == "" {
					form = http.MethodGet
				}
				form += " " + at["action"]
				out[form] = append(out[form], "")
			case "input", "select", "textarea", "button":
				if at["name"] != "" && form != "" {
					out[form] = append(out[form], at["name"])
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, form)
		}
	}
	walk(doc, "")
	return out
}

func attributes(n *html.Node) map[string]string {
	out := map[string]string{}
	for _, a := range n.Attr {
		out[a.Key] = a.Val
	}
	return out
}

// document returns the fields that the operations of the API take as text, by
// pattern: parameters of the query and leaves of the body.
func (w *world) document(t testing.TB) map[string][]string {
	t.Helper()
	raw, err := w.API.Document()
	if err != nil {
		t.Fatal(err)
	}
	var d openAPI
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for path, ops := range d.Paths {
		for method, op := range ops {
			pattern := strings.ToUpper(method) + " " + path
			out[pattern] = nil
			for _, p := range op.Parameters {
				if p.In == "query" && !slices.Contains([]string{"limit"}, p.Name) {
					out[pattern] = append(out[pattern], p.Name)
				}
			}
			for _, content := range op.Body.Content {
				d.leaves(content.Schema, "", 0, func(name string) { out[pattern] = append(out[pattern], name) })
			}
		}
	}
	return out
}

// An openAPI document, as far as the tests read it.
type openAPI struct {
	OpenAPI    string                          `json:"openapi"`
	Info       struct{ Title, Version string } `json:"info"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas         map[string]schema         `json:"schemas"`
		SecuritySchemes map[string]map[string]any `json:"securitySchemes"`
	} `json:"components"`
	Security []map[string][]string `json:"security"`
}

type operation struct {
	ID         string `json:"operationId"`
	Summary    string `json:"summary"`
	Parameters []struct {
		Name     string `json:"name"`
		In       string `json:"in"`
		Required bool   `json:"required"`
		Schema   schema `json:"schema"`
	} `json:"parameters"`
	Body struct {
		Required bool                               `json:"required"`
		Content  map[string]struct{ Schema schema } `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Description string                             `json:"description"`
		Content     map[string]struct{ Schema schema } `json:"content"`
	} `json:"responses"`
}

type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
	Enum       []any             `json:"enum"`
	Format     string            `json:"format"`
	Additional any               `json:"additionalProperties"`
}

// is reports whether the schema takes a type.
func (s schema) is(name string) bool {
	if list, ok := s.Type.([]any); ok {
		return slices.Contains(list, any(name))
	}
	return s.Type == name
}

func (d openAPI) leaves(s schema, name string, depth int, found func(string)) {
	if depth > 12 {
		return
	}
	if s.Ref != "" {
		d.leaves(d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]], name, depth+1, found)
		return
	}
	for n, p := range s.Properties {
		d.leaves(p, n, depth+1, found)
	}
	if s.Items != nil {
		d.leaves(*s.Items, name, depth+1, found)
	}
	if s.is("string") && s.Format != "date" && len(s.Enum) == 0 {
		found(name)
	}
}

// Every route says what its fields hold, so that the tests of isolation know every
// identifier that comes in.
func TestEveryFieldIsKnown(t *testing.T) {
	w := theWorld(t)
	found := w.fields(t)
	for _, r := range table() {
		if r.method() == http.MethodPost && found[r.Pattern] == nil && !r.api() && !formless[r.Pattern] {
			t.Errorf("%s: no page shows its form", r.Pattern)
		}
		for _, f := range found[r.Pattern] {
			r.word(t, f)
		}
	}
}

// formless are the routes whose form is shown only after a step that the world does
// not take.
var formless = map[string]bool{
	"POST /join/finish":               true, // after an invitation was entered
	"POST /rules/packs":               true, // after a preview
	"POST /releases/{id}/clear":       true, // of a release that the second look held
	"POST /people/{id}/enable":        true, // of somebody whose access was ended
	"POST /organizations/{id}/reopen": true, // of one that has left
	"POST /account/sessions/{id}/end": true, // of another session of the same person
}
