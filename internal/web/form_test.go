package web_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"chaperone.example/internal/fault"
	"chaperone.example/internal/web"

	"github.com/google/go-cmp/cmp"
)

func posted(kind, body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	return r
}

const urlencoded = "application/x-www-form-urlencoded"

func TestReadForm(t *testing.T) {
	f, err := web.ReadForm(posted(urlencoded, "project=+Falls+&element=age&element=zip3&note=a%0D%0Ab&from=2026-02-28&n=12&ok=on"), 1000)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Text("project"); got != "Falls" {
		t.Errorf("Text = %q", got)
	}
	if got := f.Text("note"); got != "a\nb" {
		t.Errorf("Text of two lines = %q", got)
	}
	if diff := cmp.Diff([]string{"age", "zip3"}, f.NeedAny("element", "x")); diff != "" {
		t.Error(diff)
	}
	if got := f.Date("from", false); !got.Equal(time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("Date = %v", got)
	}
	if got := f.Int("n", 1, 12); got != 12 || !f.Check("ok") || f.Check("other") || !f.OK() {
		t.Errorf("Int = %d, problems %v", got, f.Problems())
	}
}

func TestFormGathersProblems(t *testing.T) {
	f, err := web.ReadForm(posted(urlencoded, "project=&from=2026-02-30&n=13&until="), 1000)
	if err != nil {
		t.Fatal(err)
	}
	f.Need("project", "Enter the project's name.")
	f.NeedAny("element", "Choose at least one element.")
	f.Date("from", false)
	f.Date("until", true)
	f.Int("n", 1, 12)
	if !f.Take(fmt.Errorf("do: %w", fault.New(fault.Refused, "The agreement has ended."))) {
		t.Error("a refusal was not taken")
	}
	for _, err := range []error{errors.New("disk"), fault.New(fault.Forbidden, "no"), fault.New(fault.NotFound, "no"), nil} {
		if f.Take(err) {
			t.Errorf("took %v, which the person cannot mend in the form", err)
		}
	}
	want := []web.Problem{
		{Name: "project", Text: "Enter the project's name."},
		{Name: "element", Text: "Choose at least one element."},
		{Name: "from", Text: "Enter a date as year-month-day, such as 2026-11-24."},
		{Name: "n", Text: "Enter a whole number from 1 to 12."},
		{Text: "The agreement has ended."},
	}
	if diff := cmp.Diff(want, f.Problems()); diff != "" {
		t.Error(diff)
	}
}

func TestNilFormIsNotFilledIn(t *testing.T) {
	var f *web.Form
	if f.Text("a") != "" || f.All("a") != nil || f.Has("a") || f.Check("a") || !f.OK() || f.Problems() != nil {
		t.Error("a nil form says something")
	}
}

func TestReadFormRefuses(t *testing.T) {
	long := strings.Repeat("a=1&", 3000)
	tests := []struct {
		name string
		r    *http.Request
		want fault.Kind
	}{
		{"bad UTF-8", posted(urlencoded, "a=%ff"), fault.Invalid},
		{"a NUL", posted(urlencoded, "a=%00"), fault.Invalid},
		{"an escape sequence", posted(urlencoded, "a=%1b[31m"), fault.Invalid},
		{"bad percent", posted(urlencoded, "a=%zz"), fault.Invalid},
		{"JSON", posted("application/json", `{"a":1}`), fault.Invalid},
		{"no type", posted("", "a=1"), fault.Invalid},
		{"too many fields", posted(urlencoded, long), fault.Invalid},
		{"a long name", posted(urlencoded, strings.Repeat("n", 201)+"=1"), fault.Invalid},
		{"torn multipart", posted("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx"), fault.Invalid},
		{"multipart without boundary", posted("multipart/form-data", "x"), fault.Invalid},
		{"a file", posted("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=a; filename=ZQname\r\n\r\nx\r\n--b--\r\n"), fault.Invalid},
		{"bad query", httptest.NewRequest("GET", "/?a=%ff", nil), fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := web.ReadForm(tt.r, 20_000)
			if !fault.Is(err, tt.want) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "ZQ") {
				t.Errorf("the error repeats what was sent: %v", err)
			}
		})
	}
}

// endless is a body that says nothing of its size and counts what is read of it.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	e.read += int64(len(p))
	return len(p), nil
}

// A body over the limit is refused early, with or without a length (ASVS 5.2.1).
func TestBodiesAreBounded(t *testing.T) {
	part := "--b\r\nContent-Disposition: form-data; name=file; filename=f\r\n\r\n"
	form := func(w http.ResponseWriter, r *http.Request) error { _, err := web.ReadForm(r, 10_000); return err }
	upload := func(w http.ResponseWriter, r *http.Request) error {
		u, err := web.ReadUpload(w, r, "file", 100_000)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, u.File)
		return err
	}
	plain := func(w http.ResponseWriter, r *http.Request) error { _, err := io.Copy(io.Discard, r.Body); return err }
	for _, tt := range []struct {
		name, kind, start string
		h                 web.Handler
		length, atMost    int64
	}{
		{"form, length told", urlencoded, "", form, 1 << 30, 0},
		{"form, endless", urlencoded, "a=", form, -1, 64 << 10},
		{"form in parts, endless", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n", form, -1, 64 << 10},
		{"upload, length told", "multipart/form-data; boundary=b", part, upload, 1 << 30, 0},
		{"upload, endless", "multipart/form-data; boundary=b", part, upload, -1, 256 << 10},
		{"a handler that reads by itself", "text/plain", "", plain, -1, web.MaxBody + 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := &endless{}
			r := httptest.NewRequest("POST", "/thing/1", io.MultiReader(strings.NewReader(tt.start), e))
			r.Header.Set("Content-Type", tt.kind)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.ContentLength = tt.length
			w := serve(tt.h, r, io.Discard)
			if w.Code != http.StatusRequestEntityTooLarge {
				t.Errorf("status %d, want 413", w.Code)
			}
			if e.read > tt.atMost {
				t.Errorf("read %d bytes, want at most %d", e.read, tt.atMost)
			}
		})
	}
}

func TestReadUpload(t *testing.T) {
	contents := strings.Repeat("encounter\n", 300_000) // 3 MB, over the limit of other bodies
	send := func(fields map[string]string, name, file string) *http.Request {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		for k, v := range fields {
			_ = m.WriteField(k, v)
		}
		if name != "" {
			part, _ := m.CreateFormFile("file", name)
			_, _ = io.WriteString(part, file)
		}
		m.Close()
		r := posted(m.FormDataContentType(), b.String())
		r.URL.Path = "/thing/1"
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		return r
	}
	var kind, got string
	var ok bool
	h := web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		u, err := web.ReadUpload(w, r, "file", 3_000_000)
		if err != nil {
			return err
		}
		b, err := io.ReadAll(u.File)
		kind, got, ok = u.Text("kind"), string(b), u.OK()
		return err
	})
	if w := serve(h, send(map[string]string{"kind": "csv"}, "ZQname.csv", contents), io.Discard); w.Code != 200 || got != contents || kind != "csv" || !ok {
		t.Errorf("a file of the largest size: status %d, %d of %d bytes, kind %q", w.Code, len(got), len(contents), kind)
	}
	if w := serve(h, send(nil, "f", contents+"x"), io.Discard); w.Code != 413 {
		t.Errorf("one byte more: status %d, want 413", w.Code)
	}
	if w := serve(h, send(map[string]string{"kind": "csv"}, "", ""), io.Discard); w.Code != 200 || ok {
		t.Errorf("no file: status %d, OK %v", w.Code, ok)
	}
	if w := serve(h, send(map[string]string{"kind": strings.Repeat("x", 70_000)}, "f", "x"), io.Discard); w.Code != 422 {
		t.Errorf("a large field: status %d, want 422", w.Code)
	}
	r := send(nil, "f", "x")
	r.Header.Set("Content-Type", "text/plain")
	if w := serve(h, r, io.Discard); w.Code != 422 {
		t.Errorf("no multipart: status %d, want 422", w.Code)
	}
}

// Passwords and files are not sent back, whatever else of a wrong form is.
func TestPasswordIsNotSentBack(t *testing.T) {
	f, err := web.ReadForm(posted(urlencoded, "password=ZQsecret&user=robin"), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, c := range []web.Field{{Form: f, Name: "user", Label: "User"}, {Form: f, Name: "password", Label: "Password", Type: "password"}} {
		if err := web.Input(c).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(b.String(), "ZQsecret") || !strings.Contains(b.String(), `value="robin"`) {
		t.Errorf("fields: %s", &b)
	}
}

// What people type is text wherever it is shown (ASVS 1.2.1).
func TestEntriesAreEscaped(t *testing.T) {
	evil := `"'><img src=x onerror=alert(1)><script>alert(1)</script>`
	f, err := web.ReadForm(posted(urlencoded, url.Values{"a": {evil}}.Encode()), 1000)
	if err != nil {
		t.Fatal(err)
	}
	f.Wrong("a", evil)
	field := web.Field{Form: f, Name: "a", Label: evil, Hint: evil}
	options := []web.Option{{Value: evil, Label: evil, Hint: evil}}
	frame := web.WithFrame(t.Context(), web.Frame{Person: evil, Org: evil, Role: evil, Account: "javascript:alert(1)", Nav: []web.NavItem{{Label: evil, Href: "javascript:alert(1)"}}})
	for i, c := range []interface {
		Render(context.Context, io.Writer) error
	}{
		web.Input(field), web.TextArea(field), web.Select(field, options), web.Radios(field, options), web.Checkboxes(field, options),
		web.ErrorSummary(f), web.Layout(web.Page{Title: evil, Lede: evil, Crumbs: []web.Crumb{{Label: evil, Href: "javascript:alert(1)"}}}),
		web.Badge(web.Tone(evil), evil), web.Why(web.Reason{Outcome: evil, Rule: evil, Text: evil, Change: evil}),
		web.Facts(web.Fact{Term: evil, Value: evil}), web.Cards(web.Card{Title: evil, Href: "javascript:alert(1)"}), web.Hash(evil),
		web.Timeline([]web.Moment{{What: evil, Who: evil, Note: evil, Href: "https://evil.example"}}), web.PostButton("//evil.example", evil, web.Bad),
		web.Table(web.Grid{ID: "x", Caption: evil, Columns: web.Columns(evil), CSV: "javascript:alert(1)"}),
	} {
		var b bytes.Buffer
		if err := c.Render(frame, &b); err != nil {
			t.Fatal(err)
		}
		if s := b.String(); strings.Contains(s, "<img") || strings.Contains(s, "<script>") || strings.Contains(s, "javascript:") || strings.Contains(s, "evil.example") {
			t.Errorf("component %d: %s", i, s)
		}
	}
}

func FuzzReadForm(f *testing.F) {
	f.Add(urlencoded, []byte("a=1&b=%20&a=2"))
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--\r\n"))
	f.Add("text/plain", []byte("a"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		form, err := web.ReadForm(posted(kind, string(body)), 4096)
		if err != nil {
			var tooLarge *http.MaxBytesError
			if !fault.Is(err, fault.Invalid) && !errors.As(err, &tooLarge) {
				t.Errorf("neither invalid nor too large: %v", err)
			}
			return
		}
		form.Need("a", "x")
		form.Date("a", false)
		form.Int("a", 0, 9)
		w := httptest.NewRecorder()
		if err := web.Render(w, posted(kind, ""), 200, web.TextArea(web.Field{Form: form, Name: "a", Label: "A"})); err != nil {
			t.Error(err)
		}
	})
}

func TestCSV(t *testing.T) {
	rows := [][]string{
		{"plain", "with, comma and \"quotes\""},
		{"=HYPERLINK(\"http://evil.example\")", "+1+cmd"},
		{"@SUM(A1)", "-2+3"},
		{"\tx", "\r=1"},
		{"-12.5", "+7"},
		{"-", ""},
		{"naïve", "−3"},
	}
	w := httptest.NewRecorder()
	if err := web.CSV(w, `../re "quests".csv`, []string{"A", "=B"}, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	if got, want := w.Header().Get("Content-Disposition"), `attachment; filename="-re--quests-.csv"`; got != want {
		t.Errorf("Content-Disposition = %s, want %s", got, want)
	}
	body, bom := strings.CutPrefix(w.Body.String(), "\ufeff")
	if !bom {
		t.Error("no byte order mark")
	}
	got, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"A", "'=B"},
		{"plain", "with, comma and \"quotes\""},
		{"'=HYPERLINK(\"http://evil.example\")", "'+1+cmd"},
		{"'@SUM(A1)", "'-2+3"},
		{"'\tx", "'=1"}, // the writer drops a lone carriage return
		{"-12.5", "+7"},
		{"'-", ""},
		{"naïve", "−3"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFormats(t *testing.T) {
	t0 := time.Date(2026, 11, 4, 23, 30, 0, 0, time.FixedZone("", -5*3600))
	for _, tt := range []struct{ got, want string }{
		{web.Date(t0), "Nov 4, 2026"}, {web.Date(time.Time{}), "–"},
		{web.Time(t0), "Nov 5, 2026, 04:30 UTC"}, {web.Time(time.Time{}), "–"},
		{web.Count(0), "0"}, {web.Count(999), "999"}, {web.Count(1000), "1,000"}, {web.Count(1234567), "1,234,567"},
		{web.Count(-45678), "−45,678"}, {web.Count(uint64(18446744073709551615)), "18,446,744,073,709,551,615"}, {web.Count(int64(-9223372036854775808)), "−9,223,372,036,854,775,808"},
		{web.Plural(1, "record", "records"), "1 record"}, {web.Plural(2000, "record", "records"), "2,000 records"},
		{web.Bytes(999), "999 B"}, {web.Bytes(1000), "1 kB"}, {web.Bytes(1_500_000), "1.5 MB"}, {web.Bytes(999_960), "1 MB"}, {web.Bytes(2 << 30), "2.1 GB"}, {web.Bytes(5e15), "5000 TB"},
		{web.Short("0123456789abcdef"), "0123456789ab"}, {web.Short("0123"), "0123"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
