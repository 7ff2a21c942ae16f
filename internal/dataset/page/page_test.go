package page

import (
	"bytes"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/access"
	"chaperone.example/internal/dataset"
	"chaperone.example/internal/synth"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/internal/web/webtest"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
)

// A site is the pages over a real ledger, a real vault and the program's own table of
// access. The cookie "as" says who looks: an organization and a role.
type site struct {
	*testing.T
	url   string
	store *dataset.Store
	log   *bytes.Buffer
}

func open(t *testing.T) *site {
	t.Helper()
	table, err := access.NewTable(access.Routes(), access.Grants())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), filepath.Join(t.TempDir(), "keys"), filepath.Join(t.TempDir(), "data"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	desk, _ := ledgertest.Open(t, []ledger.Types{dataset.Types}, dataset.View())
	desk.Gate = table
	store := &dataset.Store{Desk: desk, Vault: v, Repositories: []dataset.Repository{{ID: "hub-vault", Region: "us-east"}}}
	mux := access.NewMux(table, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { web.Error(w, r, access.Refusal(r.Context())) }))
	Page{Store: store, May: table.May}.Routes(mux)
	mux.Handle("GET /static/", web.Static())
	outer := http.NewServeMux()
	outer.Handle("/", mux)
	log := &bytes.Buffer{}
	h := web.Site{Log: slog.New(slog.NewTextHandler(log, nil))}.Handler(outer, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			if c, err := r.Cookie("as"); err == nil {
				org, role, _ := strings.Cut(c.Value, ".")
				ctx = access.WithActor(ctx, ledger.Actor{ID: "u-" + org, Org: org, Role: role})
				ctx = web.WithFrame(ctx, web.Frame{Person: "Robin Sample", Role: role, Org: "Harbor Hospital (synthetic)", Nav: []web.NavItem{{Label: "Home", Href: "/", Key: "home"}, {Label: "Datasets", Href: "/datasets", Key: "datasets"}}})
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	})
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return &site{t, srv.URL, store, log}
}

const (
	steward = "o-harbor.data-steward"
	rival   = "o-rival.data-steward"
	auditor = "o-harbor.auditor"
)

func (s *site) send(as, method, path, kind string, body io.Reader) (int, string, string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, body)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if as != "" {
		r.AddCookie(&http.Cookie{Name: "as", Value: as})
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header.Get("Location")
}

func (s *site) get(as, path string, want int) string {
	s.Helper()
	status, body, _ := s.send(as, "GET", path, "", nil)
	if status != want {
		s.Errorf("GET %s as %s: %d, want %d", path, as, status, want)
	}
	return body
}

func (s *site) post(as, path string, form url.Values, want int) (body, to string) {
	s.Helper()
	status, body, to := s.send(as, "POST", path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if status != want {
		s.Errorf("POST %s: %d, want %d", path, status, want)
	}
	return body, to
}

func (s *site) upload(as, path, content string, want int) string {
	s.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	m.WriteField("once", vault.NewID())
	part, err := m.CreateFormFile("file", "Zebulon Quint.csv")
	if err != nil {
		s.Fatal(err)
	}
	io.WriteString(part, content)
	m.Close()
	status, body, _ := s.send(as, "POST", path, m.FormDataContentType(), &b)
	if status != want {
		s.Errorf("POST %s: %d, want %d", path, status, want)
	}
	return body
}

func (s *site) contains(body string, words ...string) {
	s.Helper()
	for _, w := range words {
		if !strings.Contains(body, w) {
			s.Errorf("the page does not say %q", w)
		}
	}
}

var registration = url.Values{"once": {"k-1"}, "title": {"Encounters 2026"}, "system": {"Clarity"}, "source": {"ehr"}, "format": {"encounter-csv"}, "environment": {"production"}, "repository": {"hub-vault"}, "phi": {"yes"}}

func with(v url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, x := range v {
		out[k] = slices.Clone(x)
	}
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

const extract = "encounter_key,hospital_id,class,admit_dt,discharge_dt,zip,dx1,dx2\n" +
	"e-1,h-1,I,2026-01-05T08:00:00-05:00,2026-01-09T11:30:00-05:00,02139,I5023,E119\n" +
	"e-2,h-1,E,2026-02-05T08:00:00-05:00,2026-02-05T11:30:00-05:00,02139,J189,\n"

func TestStory(t *testing.T) {
	s := open(t)
	s.contains(s.get(steward, "/datasets", 200), "No datasets yet", "/datasets/new")
	s.contains(s.get(steward, "/datasets/new", 200), `name="once"`, "The only one that takes protected health information")

	body, _ := s.post(steward, "/datasets", with(registration, "title", "", "phi", ""), 422)
	s.contains(body, "Enter a title.", "Say whether it holds", `value="Clarity"`)
	body, _ = s.post(steward, "/datasets", with(registration, "environment", "test"), 422)
	s.contains(body, "a test environment takes no protected health information", "45 CFR 164.308(a)(4)")

	_, to := s.post(steward, "/datasets", registration, 303)
	_, again := s.post(steward, "/datasets", registration, 303)
	if to != again || !strings.HasSuffix(to, "/file") {
		t.Fatalf("sent twice, registered as %s and %s", to, again)
	}
	path := strings.TrimSuffix(to, "/file")
	s.contains(s.get(steward, path, 200), "No file was received yet", "Send the file", "us-east")
	s.contains(s.get(steward, to, 200), `enctype="multipart/form-data"`, "encounter_key, hospital_id")

	body = s.upload(steward, to, strings.NewReplacer("J189", "J18.9", "02139", "Zebulon").Replace(extract), 422)
	s.contains(body, "The file was not accepted", "2 problems", "Line 2, column 6", "the value is not a ZIP code", "without the dot", "1 time<", "Send a file")
	body += s.upload(steward, to, "PK\x03\x04Zebulon", 422)
	s.contains(body, "archives are not opened here", "Whole file")
	if strings.Contains(body, "Zebulon") {
		t.Error("the page repeats a value or the name of the file")
	}
	s.contains(s.get(steward, path, 200), "No file was received yet")

	s.upload(steward, to, extract, 303)
	s.contains(s.get(steward, path, 200), "waits for confirmation", "Quasi-identifiers", "dx1–2", "Place (B)", "Jan 2026 to Feb 2026", "Version 1 received and sealed")
	s.contains(s.get(steward, path+"/classification", 200), "Confirm classification", `value="dx1–2"`)
	body, _ = s.post(steward, path+"/classification", url.Values{"version": {"1"}, "field1": {"zip"}, "element1": {"encounter.cost"}}, 422)
	s.contains(body, "give a reason")
	body, _ = s.post(steward, path+"/classification", url.Values{"version": {"1"}, "field1": {"zip"}}, 422)
	s.contains(body, "Choose what the field stands for")
	body, _ = s.post(steward, path+"/classification", url.Values{"version": {"7"}}, 422)
	s.contains(body, "look at its fields")
	s.post(steward, path+"/classification", url.Values{"version": {"1"}, "field1": {"dx1–2"}, "element1": {"clinical.sensitive"}}, 303)
	s.contains(s.get(steward, path, 200), "Ready", "Classification of version 1 corrected", "2 fields", "Sensitive", "Send a new version")
	s.contains(s.get(steward, path+"/elements.csv", 200), "dx1,2,clinical.sensitive", "zip,2,patient.zip")
	s.contains(s.get(steward, path+"/versions.csv", 200), "1,2026-03-15T12:00:00Z,2,")
	s.contains(s.get(steward, "/datasets", 200), "Encounters 2026", "Clarity", "Nobody yet", "Protected health information")
	s.contains(s.get(steward, "/datasets.csv", 200), "Encounters 2026,Clarity,ehr,encounter-csv,production,hub-vault,us-east,yes,ready")

	s.contains(s.get(steward, path+"/retirement", 200), "cannot be undone")
	s.post(steward, path+"/retirement", url.Values{}, 422)
	s.post(steward, path+"/retirement", url.Values{"reason": {"not-needed"}}, 303)
	s.contains(s.get(steward, path, 200), "Retired: No longer needed")
	body = s.upload(steward, to, strings.Replace(extract, "e-2", "e-3", 1), 422)
	s.contains(body, "the dataset was retired")
	if strings.Contains(s.log.String(), "Zebulon") || strings.Contains(s.log.String(), "02139") {
		t.Errorf("the log holds a value: %s", s.log)
	}
}

// Who may look may not act, and a stranger's dataset is not found under any address.
func TestDoors(t *testing.T) {
	s := open(t)
	_, to := s.post(steward, "/datasets", registration, 303)
	path := strings.TrimSuffix(to, "/file")
	s.upload(steward, to, extract, 303)
	for _, p := range []string{"", "/elements.csv", "/versions.csv"} {
		s.get(auditor, path+p, 200)
		s.get(rival, path+p, 404)
		s.get("", path+p, 403)
	}
	for _, p := range []string{"/file", "/classification", "/retirement"} {
		s.get(auditor, path+p, 403)
		s.get(rival, path+p, 404)
	}
	if page := s.get(auditor, path, 200); strings.Contains(page, "/classification") || strings.Contains(page, "/retirement") {
		t.Error("an auditor is offered what an auditor may not do")
	}
	foreign, none := s.upload(rival, to, extract, 404), s.upload(rival, "/datasets/d-none/file", extract, 404)
	if foreign != none {
		t.Error("another's dataset and none can be told apart")
	}
	s.post(rival, path+"/classification", url.Values{"version": {"1"}}, 404)
	s.post(rival, path+"/retirement", url.Values{"reason": {"not-needed"}}, 404)
	if page := s.get(rival, "/datasets", 200); strings.Contains(page, "Encounters 2026") {
		t.Error("a stranger sees the inventory")
	}
}

// A file larger than the connection's buffers that is refused at its first line still
// gets its answer.
func TestLargeRefusal(t *testing.T) {
	s := open(t)
	_, to := s.post(steward, "/datasets", registration, 303)
	s.contains(s.upload(steward, to, "PK\x03\x04"+strings.Repeat("x", 8<<20), 422), "zip")
}

func TestExpand(t *testing.T) {
	v := dataset.Version{Elements: []dataset.Element{{ID: "encounter.diagnosis", Fields: []string{"dx1", "dx2", "dx3"}}}}
	for option, want := range map[string][]string{
		"dx1–3": {"dx1", "dx2", "dx3"}, "dx2": {"dx2"}, "dx1–4": {"dx1–4"}, "dx3–1": {"dx3–1"}, "–": {"–"}, "": {""}, "dx1–99999999": {"dx1–99999999"},
	} {
		if got := expand(v, option); !slices.Equal(got, want) {
			t.Errorf("expand(%q) = %q, want %q", option, got, want)
		}
	}
}

// The pages in a browser: wide, narrow, with axe, and through a real upload.
func TestBrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := open(t)
	b.Cookie(t, s.url, "as", steward)
	look := func(path, name string) {
		t.Helper()
		if path != "" {
			b.Open(t, s.url+path)
		}
		b.Axe(t)
		b.NoOverflow(t, 320)
		b.Screenshot(t, 1280, name)
		b.Screenshot(t, 390, name+"-phone")
	}
	dir := t.TempDir()
	if _, err := synth.Write(synth.Config{Hospitals: 1, Patients: 20, Months: 6, Seed: 3}, func(name string) (io.WriteCloser, error) {
		return os.Create(filepath.Join(dir, filepath.Base(name)))
	}); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	look("/datasets", "datasets-empty")
	look("/datasets/new", "dataset-new")
	_, to := s.post(steward, "/datasets", with(registration, "title", "Encounters 2026, all sites, discharge abstract"), 303)
	path := strings.TrimSuffix(to, "/file")
	look(path, "dataset-awaiting")
	look(to, "dataset-file")
	bad := filepath.Join(dir, "bad.csv")
	lines := strings.SplitAfterN(read("encounters.csv"), "\n", 3)
	rest := strings.NewReplacer("-05:00", "", "2026", "26").Replace(lines[2])
	if err := os.WriteFile(bad, []byte(strings.Replace(lines[0], "sex", "shoe_size", 1)+lines[1]+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Open(t, s.url+to)
	b.Fill(t, "file", bad)
	if status := b.Follow(t, ".submit button"); status != 422 {
		t.Errorf("a bad file: %d", status)
	}
	look("", "dataset-problems")
	b.Fill(t, "file", filepath.Join(dir, "encounters.csv"))
	if status := b.Follow(t, ".submit button"); status != 200 {
		t.Errorf("a good file: %d", status)
	}
	look("", "dataset-classification")
	if status := b.Follow(t, ".submit button"); status != 200 {
		t.Errorf("confirmation: %d", status)
	}
	look("", "dataset-ready")
	_, to = s.post(steward, "/datasets", with(registration, "once", "k-2", "title", "FHIR export", "format", "fhir-ndjson"), 303)
	s.upload(steward, to, read("fhir.ndjson"), 303)
	look(strings.TrimSuffix(to, "/file"), "dataset-fhir")
	look(strings.TrimSuffix(to, "/file")+"/retirement", "dataset-retire")
	s.post(steward, "/datasets", with(registration, "once", "k-3", "title", "Units for training", "format", "unit-month-csv", "environment", "training", "phi", "no", "source", "surveillance", "system", "Infection surveillance"), 303)
	look("/datasets", "datasets")
}
