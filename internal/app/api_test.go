package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/synth"
	"chaperone.example/ledger/audit"
	"chaperone.example/ledger/proof"
	"chaperone.example/phi"
	"filippo.io/age"
)

// A consortium is a hub with people and no agreement, on a real server.
type consortium struct {
	*hub
	url string
}

func newConsortium(t testing.TB) consortium {
	t.Helper()
	h, err := open(t.Context(), t.TempDir(), newClock())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := h.populate(t.Context(), map[string]string{collab: "Collaborative Zyx", alder: "Alder Hospital Zyx"}, collab, alder); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = h.Server()
	srv.Start()
	t.Cleanup(srv.Close)
	return consortium{h, srv.URL}
}

// A client speaks to the API for one person.
type client struct {
	consortium
	token string
}

// client signs a person in over the API.
func (c consortium) client(t testing.TB, p person) client {
	t.Helper()
	code, err := c.code(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	out := client{consortium: c}
	var token struct{ Token string }
	out.post(t, "/sign-in", "", map[string]string{"login": p.login, "password": secret, "code": code}, http.StatusOK, &token)
	out.token = token.Token
	return out
}

func (c client) send(t testing.TB, method, path, key, kind string, b io.Reader) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.url+"/api/v1"+path, b)
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer a.Body.Close()
	data, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return a.StatusCode, data
}

// post sends a command, twice if it has a key: the second time the answer is the same
// and nothing is recorded.
func (c client) post(t testing.TB, path, key string, in any, status int, out any) {
	t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	kind := jsonType
	if in == nil {
		b, kind = nil, ""
	}
	got, data := c.send(t, "POST", path, key, kind, bytes.NewReader(b))
	if got != status {
		t.Fatalf("POST %s: %d, want %d: %s", path, got, status, data)
	}
	if key != "" {
		before := c.trace(t)
		got, again := c.send(t, "POST", path, key, kind, bytes.NewReader(b))
		if got != status || !bytes.Equal(data, again) {
			t.Errorf("POST %s again with the same key: %d %s, first %d %s", path, got, again, status, data)
		}
		if after := c.trace(t); after != before {
			t.Errorf("POST %s again with the same key leaves %+v behind, before %+v", path, after, before)
		}
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			t.Fatalf("POST %s: %v: %s", path, err, data)
		}
	}
}

func (c client) get(t testing.TB, path string, out any) {
	t.Helper()
	got, data := c.send(t, "GET", path, "", "", nil)
	if got != http.StatusOK {
		t.Fatalf("GET %s: %d: %s", path, got, data)
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = data
		return
	}
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatalf("GET %s: %v: %s", path, err, data)
	}
}

// The whole story over the API: from the offer of an agreement to a proof that verifies
// offline, every command sent twice (AGR-1 DAT-1 DAT-2 REQ-1 REL-1 REL-2 LED-1).
func TestStoryOverAPI(t *testing.T) {
	c := newConsortium(t)
	hubOfficer, officer := c.client(t, one(collab, phi.PrivacyOfficer)), c.client(t, one(alder, phi.PrivacyOfficer))
	steward, coordinator := c.client(t, one(alder, phi.DataSteward)), c.client(t, one(collab, phi.QualityCoordinator))
	var receipt struct {
		ID          string
		First, Last int64
	}

	hubOfficer.post(t, "/agreements", "offer", map[string]any{"upstream": alder, "downstream": collab, "template": "baa"}, http.StatusCreated, &receipt)
	agreement := receipt.ID
	officer.post(t, "/agreements/"+agreement+"/review", "review", map[string]any{"version": 1, "reviewer": "counsel", "finding": "acceptable"}, http.StatusCreated, nil)
	officer.post(t, "/agreements/"+agreement+"/sign", "sign", map[string]any{"version": 1}, http.StatusOK, nil)
	hubOfficer.post(t, "/agreements/"+agreement+"/sign", "sign", map[string]any{"version": 1}, http.StatusOK, nil) // a key is one person's own
	var contract struct{ Status string }
	officer.get(t, "/agreements/"+agreement, &contract)
	if contract.Status != "in force" {
		t.Fatalf("signed by both, the agreement is %q", contract.Status)
	}

	steward.post(t, "/datasets", "dataset", map[string]any{"title": "Encounters", "system": "Synthetic generator", "source": "ehr", "format": "encounter-csv", "environment": "production", "repository": "hub-vault", "contains_phi": true}, http.StatusCreated, &receipt)
	dataset := receipt.ID
	path, err := source(0, "encounters.csv")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, data := steward.send(t, "POST", "/datasets/"+dataset+"/file", "file", "application/octet-stream", f); got != http.StatusCreated {
			t.Fatalf("sending the file: %d %s", got, data)
		}
		f.Close()
	}
	steward.post(t, "/datasets/"+dataset+"/classification", "confirm", map[string]any{"version": 1}, http.StatusOK, nil)

	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	coordinator.post(t, "/account/key", "key", map[string]any{"key": key.Recipient().String()}, http.StatusOK, nil)
	question := map[string]any{
		"discloser": alder, "purpose": "operations", "activity": "quality-assessment", "population": map[string]any{"classes": []string{"I"}, "min_age": 18},
		"window": map[string]string{"from": "2024-01-01", "until": "2024-12-31"}, "elements": wanted, "form": "limited", "recipients": []string{one(collab, phi.QualityCoordinator).ID},
		"retention": 365, "project": "Fewer readmissions", "statement": "Count unplanned readmissions by service.", "why_more": "Days between stays are needed.",
	}
	coordinator.post(t, "/requests", "ask", question, http.StatusCreated, &receipt)
	request := receipt.ID
	var file struct{ Status, Outcome, Form, Decision string }
	coordinator.get(t, "/requests/"+request, &file)
	if file.Status != "awaiting" || file.Outcome != "right-size" {
		t.Fatalf("asked too much, the request is %+v", file)
	}
	var repetition struct{ Same bool }
	coordinator.get(t, "/requests/"+request+"/replay", &repetition)
	if !repetition.Same {
		t.Error("decided again from the record, the answer is another")
	}
	steward.post(t, "/requests/"+request+"/approve", "approve", map[string]any{"datasets": []string{dataset}, "partial": true, "decision": file.Decision}, http.StatusOK, nil)
	steward.post(t, "/releases", "build", map[string]any{"request": request, "days": 7}, http.StatusCreated, &receipt)
	release := receipt.ID

	got, sealed := coordinator.send(t, "POST", "/releases/"+release+"/download", "", "", nil)
	if got != http.StatusOK {
		t.Fatalf("the download: %d %s", got, sealed)
	}
	files := unseal(t, key, sealed)
	if len(files) < 3 {
		t.Errorf("the package holds %v", slices.Sorted(maps.Keys(files)))
	}
	noPatients(t, files)
	if got, data := steward.send(t, "POST", "/releases/"+release+"/download", "", "", nil); got != http.StatusForbidden {
		t.Errorf("who is no recipient downloads: %d %.200s", got, data)
	}

	var log []struct {
		Seq       int64
		Release   string
		Recipient string
		Records   int
	}
	officer.get(t, "/disclosures", &log)
	if len(log) != 1 || log[0].Release != release || log[0].Recipient != collab || log[0].Records == 0 {
		t.Fatalf("the disclosure log is %+v", log)
	}
	var accounting struct {
		Entries, Exempt []struct{ Release string }
	}
	officer.post(t, "/disclosures/accounting", "", map[string]any{"identifier": releasedPatient(t)}, http.StatusOK, &accounting)
	if len(accounting.Entries)+len(accounting.Exempt) != 1 {
		t.Errorf("the accounting for a patient who was released is %+v", accounting)
	}

	var evidence, policy []byte
	officer.get(t, fmt.Sprintf("/ledger/%d/proof", log[0].Seq), &evidence)
	officer.get(t, "/ledger-policy", &policy)
	if v, err := verified(policy, evidence); err != nil || v.Record.Seq != log[0].Seq {
		t.Errorf("the proof does not verify: %+v, %v", v, err)
	}
	evidence[len(evidence)/2] ^= 1
	if _, err := verified(policy, evidence); err == nil {
		t.Error("with one bit changed it verifies")
	}

	officer.post(t, "/agreements/"+agreement+"/terminate", "end", map[string]any{"reason": "convenience"}, http.StatusOK, nil)
	if got, data := coordinator.send(t, "POST", "/releases/"+release+"/download", "", "", nil); got != http.StatusConflict && got != http.StatusForbidden {
		t.Errorf("after the agreement has ended the download is answered %d %.200s", got, data)
	}
	coordinator.post(t, "/requests", "ask again", question, http.StatusCreated, &receipt)
	coordinator.get(t, "/requests/"+receipt.ID, &file)
	if file.Outcome != "deny" {
		t.Errorf("after the agreement has ended the outcome is %q", file.Outcome)
	}
	coordinator.post(t, "/sign-out", "", nil, http.StatusNoContent, nil)
	if got, _ := coordinator.send(t, "GET", "/account", "", "", nil); got != http.StatusForbidden {
		t.Errorf("signed out, the token is answered %d", got)
	}
	c.nobodyLogged(t)
}

// nobodyLogged sweeps the log for people: those who sign in and the patients.
func (c consortium) nobodyLogged(t testing.TB) {
	t.Helper()
	logged := c.log.String()
	for _, word := range []string{"zyx", "Zyx", secret, "@"} {
		if strings.Contains(logged, word) {
			t.Errorf("the log holds %q", word)
		}
	}
	tr, err := truth()
	if err != nil {
		t.Fatal(err)
	}
	found, err := synth.NewSweep(tr.Canaries()).Find(strings.NewReader(logged))
	if err != nil || len(found) > 0 {
		t.Errorf("the log holds %d identifiers of patients, %v", len(found), err)
	}
	if !strings.Contains(logged, "msg=request") {
		t.Error("nothing was logged")
	}
	if i := strings.Index(logged, "level=ERROR"); i >= 0 {
		t.Errorf("an internal error: %.400s", logged[i:])
	}
}

func verified(policy, data []byte) (audit.Verdict, error) {
	p, err := proof.ParsePolicy(policy)
	if err != nil {
		return audit.Verdict{}, err
	}
	q, err := proof.Parse(data)
	if err != nil {
		return audit.Verdict{}, err
	}
	return audit.Proof(p, q)
}

// unseal opens a package with the private key of a recipient.
func unseal(t testing.TB, key *age.X25519Identity, sealed []byte) map[string][]byte {
	t.Helper()
	r, err := age.Decrypt(bytes.NewReader(sealed), key)
	if err != nil {
		t.Fatalf("the package does not open: %v", err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
		in.Close()
	}
	return out
}

// noPatients sweeps files for the synthetic patients.
func noPatients(t testing.TB, files map[string][]byte) {
	t.Helper()
	tr, err := truth()
	if err != nil {
		t.Fatal(err)
	}
	sweep := synth.NewSweep(tr.Canaries())
	for name, data := range files {
		found, err := sweep.Find(bytes.NewReader(data))
		if err != nil || len(found) > 0 {
			t.Errorf("%s holds %d identifiers of patients, %v", name, len(found), err)
		}
	}
}

// releasedPatient is the token of an adult inpatient of the first hospital in 2024.
func releasedPatient(t testing.TB) string {
	t.Helper()
	path, err := source(0, "encounters.csv")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	for _, r := range rows[1:] {
		if age := r[at["age_years"]]; r[at["class"]] == "I" && (len(age) == 2 && age >= "18" || len(age) == 3) && strings.HasPrefix(r[at["discharge_dt"]], "2024") && r[at["patient_token"]] != "" {
			return r[at["patient_token"]]
		}
	}
	t.Fatal("nobody was an adult inpatient")
	return ""
}

// The document of the API is sound OpenAPI 3.1, and lists the routes of the table
// that are the API's, and no other.
func TestOpenAPIDocument(t *testing.T) {
	w := theWorld(t)
	a := w.ask(t, visitor, "GET", "/api/openapi.json", body{})
	if a.Code != http.StatusOK || !strings.Contains(a.Header().Get("Content-Type"), "openapi+json") {
		t.Fatalf("the document is answered %d %s", a.Code, a.Header().Get("Content-Type"))
	}
	var d openAPI
	if err := json.Unmarshal(a.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.OpenAPI, "3.1.") || d.Info.Title == "" || d.Info.Version == "" {
		t.Errorf("it is of OpenAPI %q, info %+v", d.OpenAPI, d.Info)
	}
	listed := map[string]bool{}
	ids := map[string]string{}
	for path, ops := range d.Paths {
		for method, op := range ops {
			pattern := strings.ToUpper(method) + " " + path
			listed[pattern] = true
			if op.ID == "" || op.Summary == "" {
				t.Errorf("%s has no operation id or no summary", pattern)
			}
			if ids[op.ID] != "" {
				t.Errorf("%s and %s are both %s", pattern, ids[op.ID], op.ID)
			}
			ids[op.ID] = pattern
			declared := map[string]bool{}
			for _, p := range op.Parameters {
				if p.In == "path" {
					declared[p.Name] = p.Required
				}
				d.sound(t, pattern+" parameter "+p.Name, p.Schema)
			}
			for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
				if !declared[m[1]] {
					t.Errorf("%s does not declare its parameter %s", pattern, m[1])
				}
			}
			good := 0
			for status, r := range op.Responses {
				if r.Description == "" {
					t.Errorf("%s: the answer %s has no description", pattern, status)
				}
				if strings.HasPrefix(status, "2") {
					good++
				}
				for kind, content := range r.Content {
					if !strings.HasPrefix(status, "2") && kind != "application/problem+json" {
						t.Errorf("%s: the answer %s is %s", pattern, status, kind)
					}
					d.sound(t, pattern+" answer "+status, content.Schema)
				}
			}
			if good != 1 {
				t.Errorf("%s has %d answers of success", pattern, good)
			}
			for _, content := range op.Body.Content {
				d.sound(t, pattern+" body", content.Schema)
			}
			if _, file := op.Body.Content["application/octet-stream"]; file != strings.HasSuffix(path, "/file") {
				t.Errorf("%s takes a file: %t", pattern, file)
			}
			if len(op.Body.Content) > 0 && !op.Body.Required {
				t.Errorf("%s: its body may be left out", pattern)
			}
		}
	}
	for name, s := range d.Components.Schemas {
		d.sound(t, "schema "+name, s)
	}
	for _, need := range d.Security {
		for name := range need {
			if d.Components.SecuritySchemes[name] == nil {
				t.Errorf("there is no security scheme %s", name)
			}
		}
	}
	for _, r := range table() {
		if r.api() != listed[r.Pattern] {
			t.Errorf("%s: in the document %t, of the API %t", r.Pattern, listed[r.Pattern], r.api())
		}
		delete(listed, r.Pattern)
	}
	for pattern, there := range listed {
		if there {
			t.Errorf("%s is in the document and in no line of the table", pattern)
		}
	}
}

// sound checks a schema by the parts of JSON Schema 2020-12 that tools stumble over.
func (d openAPI) sound(t *testing.T, where string, s schema) {
	t.Helper()
	if s.Ref != "" {
		name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/")
		if _, there := d.Components.Schemas[name]; !ok || !there {
			t.Errorf("%s: %s leads nowhere", where, s.Ref)
		}
		return
	}
	types, _ := s.Type.([]any)
	if one, ok := s.Type.(string); ok {
		types = []any{one}
	}
	for _, x := range types {
		if !slices.Contains([]any{"object", "array", "string", "number", "integer", "boolean", "null"}, x) {
			t.Errorf("%s: there is no type %v", where, x)
		}
	}
	if s.is("array") && s.Items == nil {
		t.Errorf("%s: an array of nothing", where)
	}
	for _, name := range s.Required {
		if _, ok := s.Properties[name]; !ok {
			t.Errorf("%s: %s is required and not there", where, name)
		}
	}
	for name, p := range s.Properties {
		d.sound(t, where+"."+name, p)
	}
	if s.Items != nil {
		d.sound(t, where+"[]", *s.Items)
	}
}
