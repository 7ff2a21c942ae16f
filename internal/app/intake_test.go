package app_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"chaperone.example/phi"
)

// endless is a line without end: n bytes, made as they are read.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > e.n {
		p = p[:e.n]
	}
	for i := range p {
		p[i] = 'a'
	}
	e.n -= int64(len(p))
	return len(p), nil
}

func compressed(t *testing.T, contents string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, contents); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bomb is an archive whose one file is a thousand times as large as it.
func bomb(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("encounters.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, &endless{64 << 20}); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// plain returns the words of a page.
func plain(page string) string {
	page = regexp.MustCompile(`(?s)<script.*?</script>|<style.*?</style>|<[^>]*>`).ReplaceAllString(page, " ")
	return strings.Join(strings.Fields(page), " ")
}

// A file that is not what it should be is refused by page and by API, in words that
// say where and what to do; nothing is recorded or kept, and memory does not grow with
// the file (DAT-5).
func TestBadFilesChangeNothing(t *testing.T) {
	w := theWorld(t)
	csvID, fhirID := w.of[alder]["dataset"][2], w.of[alder]["dataset"][5]
	path, err := source(0, "encounters.csv")
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(good), "\n")
	head, row := lines[0], lines[1]
	const patient = `{"resourceType":"Patient","id":"p1","gender":"female"}` + "\n"
	text := func(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }
	for _, tt := range []struct {
		name    string
		dataset string
		file    func() io.Reader
		where   string // as the API says it
		words   []string
	}{
		{"a file that was cut off", csvID, text(strings.TrimSuffix(head+row+row[:len(row)/2], "\n")), "line 3", []string{"cut off", "send the whole file again"}},
		{"an empty file", csvID, text(""), "file", []string{"empty"}},
		{"a column is missing", csvID, text(strings.Replace(head, "discharge_dt", "discharged", 1) + row), "line 1", []string{"discharge_dt", "add it"}},
		{"a column of another format", csvID, text(strings.Replace(head, "discharge_dt", "favourite_colour", 1) + row), "line 1", []string{"favourite_colour is not in the format", "remove it"}},
		{"a patient in the place of a column", csvID, text(strings.Replace(head, "discharge_dt", "ZYXMANN 1950-01-02", 1) + row), "line 1", []string{"not in the format", "remove it"}},
		{"a row with a value too few", csvID, text(head + row[strings.IndexByte(row, ',')+1:]), "line 2", []string{"the header names", "one value for each column"}},
		{"bytes that are not UTF-8", csvID, text(head + row + strings.Replace(row, ",", "\xff\xfe,", 1)), "line 3", []string{"not UTF-8", "export the file as UTF-8"}},
		{"a line of 256 MiB", csvID, func() io.Reader { return io.MultiReader(strings.NewReader(head+row), &endless{256 << 20}) }, "line 3", []string{"long"}},
		{"a JSON file in the place of CSV", csvID, text(patient), "line 1", []string{"export the file as CSV"}},
		{"a gzip file", csvID, text(compressed(t, string(good))), "file", []string{"compressed", "unpack"}},
		{"a zip file", csvID, text(bomb(t)), "file", []string{"archive", "unpack"}},

		{"a key twice in a resource", fhirID, text(patient + `{"resourceType":"Patient","id":"p2","id":"p3"}` + "\n"), "line 2", []string{"twice"}},
		{"a resource that was cut off", fhirID, text(patient + `{"resourceType":"Patient","id":"p`), "line 2", []string{"cut off"}},
		{"a member that FHIR does not know", fhirID, text(`{"resourceType":"Patient","id":"p1","favouriteColour":"green"}` + "\n"), "line 1", []string{"FHIR R4 does not know"}},
		{"nested deeper than anybody means", fhirID, text(`{"resourceType":"Patient","extension":` + strings.Repeat("[", 5000) + "\n"), "line 1", nil},
		{"a resource of 256 MiB", fhirID, func() io.Reader {
			return io.MultiReader(strings.NewReader(patient+`{"resourceType":"Patient","id":"`), &endless{256 << 20})
		}, "line 2", []string{"long"}},
		{"a gzip file of resources", fhirID, text(compressed(t, patient)), "file", []string{"compressed"}},
		{"CSV in the place of resources", fhirID, text(string(good)), "line 1", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			steward := one(alder, phi.DataSteward)
			w.token(t, steward)
			before := w.trace(t)
			for _, api := range []bool{true, false} {
				start, m := time.Now(), memory()
				a := w.send(t, steward, tt.dataset, api, tt.file())
				if grown := memory() - m; grown > 96<<20 {
					t.Errorf("%d MiB were allocated for it", grown>>20)
				}
				took := time.Since(start)
				if took > 30*time.Second {
					t.Errorf("it took %v", took)
				}
				said := plain(a.Body.String())
				if a.Code != http.StatusUnprocessableEntity {
					t.Errorf("answered %d, want 422: %.300s", a.Code, said)
					continue
				}
				if api {
					var p struct {
						Detail string
						Errors []struct{ Location, Message string }
					}
					if err := json.Unmarshal(a.Body.Bytes(), &p); err != nil || len(p.Errors) == 0 {
						t.Errorf("no problem document with fields: %v %.300s", err, a.Body)
						continue
					}
					if !strings.HasPrefix(p.Errors[0].Location, tt.where) {
						t.Errorf("found at %q, want %q: %s", p.Errors[0].Location, tt.where, p.Errors[0].Message)
					}
					said = p.Detail
					for _, e := range p.Errors {
						said += " | " + e.Location + ": " + e.Message
					}
				}
				for _, want := range tt.words {
					if !strings.Contains(said, want) {
						t.Errorf("api %t: does not say %q: %.600s", api, want, said)
					}
				}
				if strings.Contains(said, strings.Split(row, ",")[0]) || strings.Contains(said, "ZYXMANN") || strings.Contains(said, "favouriteColour") {
					t.Errorf("the answer repeats what is in the file: %.400s", said)
				}
			}
			if after := w.trace(t); after != before {
				t.Errorf("left behind %+v, before %+v", after, before)
			}
		})
	}
}

// memory is how many bytes were allocated since the program started: what was freed
// counts too.
func memory() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// send sends a file as it arrives.
func (w *world) send(t testing.TB, who person, id string, api bool, file io.Reader) *httptest.ResponseRecorder {
	t.Helper()
	target, kind := "/datasets/"+id+"/file", "multipart/form-data; boundary=zyx"
	if api {
		target, kind = "/api/v1"+target, "application/octet-stream"
	} else {
		frame := upload("extract.csv", "\x00").text
		begin, end, _ := strings.Cut(frame, "\x00")
		file = io.MultiReader(strings.NewReader(begin), file, strings.NewReader(end))
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", target, file)
	r.ContentLength = -1
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	present(r, w.token(t, who))
	a := httptest.NewRecorder()
	w.Handler().ServeHTTP(a, r)
	return a
}

// A line of two gigabytes is refused where it stops to be one.
func TestLineOfTwoGigabytes(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: it reads two gigabytes")
	}
	w := theWorld(t)
	steward := one(alder, phi.DataSteward)
	w.token(t, steward)
	before, m, start := w.trace(t), memory(), time.Now()
	read := &endless{2 << 30}
	a := w.send(t, steward, w.of[alder]["dataset"][2], true, io.MultiReader(strings.NewReader("encounter_key,hospital_id,class,admit_dt,discharge_dt\n"), read))
	t.Logf("%d MiB of it were read in %v, %d MiB allocated", ((2<<30)-read.n)>>20, time.Since(start).Round(time.Millisecond), (memory()-m)>>20)
	if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "line 2") {
		t.Errorf("answered %d %.300s", a.Code, a.Body)
	}
	if grown := memory() - m; grown > 64<<20 {
		t.Errorf("%d MiB were allocated for it", grown>>20)
	}
	if after := w.trace(t); after != before {
		t.Errorf("left behind %+v, before %+v", after, before)
	}
}

// A form or a document that is larger than any is refused before it is read.
func TestLargeBodiesAreRefused(t *testing.T) {
	w := theWorld(t)
	for _, r := range table() {
		if r.method() != http.MethodPost || r.insider() == "" || strings.HasSuffix(r.path(), "/file") {
			continue
		}
		if r.path() == "/sign-out" || r.path() == "/api/v1/sign-out" {
			continue
		}
		who := one(alder, r.insider())
		w.token(t, who)
		before, m := w.trace(t), memory()
		q := httptest.NewRequestWithContext(t.Context(), "POST", r.at(random(r.kind(t))), &endless{64 << 20})
		q.ContentLength = -1
		q.Header.Set("Content-Type", formType)
		if r.api() {
			q.Header.Set("Content-Type", jsonType)
		}
		q.Header.Set("Sec-Fetch-Site", "same-origin")
		present(q, w.token(t, who))
		a := httptest.NewRecorder()
		w.Handler().ServeHTTP(a, q)
		if a.Code < 400 || a.Code >= 500 {
			t.Errorf("%s: 64 MiB are answered %d", r.Pattern, a.Code)
		}
		if grown := memory() - m; grown > 16<<20 {
			t.Errorf("%s: %d MiB were allocated for 64", r.Pattern, grown>>20)
		}
		if after := w.trace(t); after != before {
			t.Errorf("%s: left behind %+v, before %+v", r.Pattern, after, before)
		}
	}
}
