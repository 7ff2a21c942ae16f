// Package rest is the frame of the JSON API: how operations are declared, how
// faults become problem documents (RFC 9457), and the OpenAPI 3.1 document that
// follows from both. It knows no module; the modules' rest packages import it.
//
// The API is the same two doors as the pages. A client signs in like a person and
// sends the token that it got as a bearer token. A POST may carry an
// Idempotency-Key: sent again, it is answered again and done once.
package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Prefix is where the API lives.
const Prefix = "/api/v1"

// A Problem is the body of an error (RFC 9457). It never repeats a value that was
// sent.
type Problem struct {
	Type   string  `json:"type" doc:"Always about:blank: the status and the code say what kind it is"`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Code   string  `json:"code" doc:"invalid, refused, forbidden, not found, conflict or internal"`
	Detail string  `json:"detail" doc:"What was wrong and what to do, for a person"`
	Errors []Field `json:"errors,omitempty" doc:"The fields that are wrong"`
}

// A Field says what is wrong with one field.
type Field struct {
	Location string `json:"location" doc:"Where: body.elements[2]"`
	Message  string `json:"message"`
}

func (p *Problem) Error() string  { return p.Detail }
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma's filter: a problem is application/problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

var codes = map[fault.Kind]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.Refused: http.StatusConflict, fault.Conflict: http.StatusConflict,
	fault.Forbidden: http.StatusForbidden, fault.NotFound: http.StatusNotFound,
}

func newProblem(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// problem turns an error into its document. A plain error is an internal one: failed is
// told, and the client learns nothing of it.
func problem(ctx context.Context, err error, failed func(context.Context, error)) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	if kind, msg, ok := fault.Of(err); ok {
		return newProblem(codes[kind], string(kind), msg)
	}
	failed(ctx, err)
	return newProblem(http.StatusInternalServerError, "internal", "internal error: it was logged; try again, or tell the operator")
}

// An API is where modules declare their operations.
type API struct {
	huma huma.API

	// Failed is told of errors that are no faults, of which the client learns nothing.
	// The default logger is, if it is nil.
	Failed func(context.Context, error)
}

// New returns an API that serves on mux, with its OpenAPI document at
// /api/openapi.json.
func New(mux humago.Mux, version string) *API {
	// The library's own error body echoes submitted values; ours must not.
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError { return malformed(status, errs) }
	c := huma.DefaultConfig("Chaperone", version)
	c.Formats = map[string]huma.Format{"application/json": format, "json": format}
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", namer())
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	c.Security = []map[string][]string{{"token": {}}}
	api := humago.New(mux, c)
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		if key := ctx.Header("Idempotency-Key"); key != "" && ctx.Method() == http.MethodPost {
			ctx = huma.WithContext(ctx, ledger.Once(ctx.Context(), key))
		}
		next(ctx)
	})
	mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		doc, err := api.OpenAPI().MarshalJSON()
		if err != nil {
			http.Error(w, "internal error", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		w.Write(doc)
	})
	return &API{huma: api}
}

func logFailure(ctx context.Context, err error) {
	slog.ErrorContext(ctx, "request failed", "err", err)
}

// namer names the schemas of the document after module and type: every module has
// its Row. An input body has no type of its own; the second of one name gets a
// number.
func namer() func(reflect.Type, string) string {
	taken := map[string]reflect.Type{}
	return func(t reflect.Type, hint string) string {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name := huma.DefaultSchemaNamer(t, hint)
		path := strings.Split(strings.TrimSuffix(t.PkgPath(), "/rest"), "/")
		if module := path[len(path)-1]; strings.Contains(t.PkgPath(), "/internal/") && module != "rest" {
			name = strings.ToUpper(module[:1]) + module[1:] + name
		}
		for n, base := 2, name; taken[name] != nil && taken[name] != t; n++ {
			name = base + strconv.Itoa(n)
		}
		taken[name] = t
		return name
	}
}

// Document returns the OpenAPI 3.1 document.
func (a *API) Document() ([]byte, error) { return a.huma.OpenAPI().MarshalJSON() }

// Get declares an operation that answers a question.
func Get[I, O any](a *API, path, id, summary string, h func(context.Context, *I) (*O, error)) {
	register(a, huma.Operation{Method: http.MethodGet, Path: Prefix + path, OperationID: id, Summary: summary, DefaultStatus: http.StatusOK}, h)
}

// Post declares an operation that takes a command; status is that of success.
func Post[I, O any](a *API, path, id, summary string, status int, h func(context.Context, *I) (*O, error)) {
	register(a, huma.Operation{Method: http.MethodPost, Path: Prefix + path, OperationID: id, Summary: summary, DefaultStatus: status}, h)
}

// PostFile declares an operation whose body is a file, which h's input takes from the
// request itself: the frame would hold it in memory.
func PostFile[I, O any](a *API, path, id, summary string, status int, h func(context.Context, *I) (*O, error)) {
	file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	register(a, huma.Operation{Method: http.MethodPost, Path: Prefix + path, OperationID: id, Summary: summary, DefaultStatus: status,
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": file}}}, h)
}

// asOf are the parameters that every operation of a GET takes; the app reads them before
// the operation does.
func asOf() []*huma.Param {
	return []*huma.Param{
		{Name: "as-of", In: "query", Description: "Answer as of an earlier moment: a time as RFC 3339 has it, a day (its end in UTC), or # and the number of a record. The permissions are those of now.", Schema: &huma.Schema{Type: huma.TypeString}, Example: "2026-03-01"},
		{Name: "as-of-clock", In: "query", Description: "By which clock: recorded (the default) counts what had been recorded by then; happened counts also what was recorded later and says that it had happened.", Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"recorded", "happened"}}},
	}
}

func register[I, O any](a *API, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	if op.Method == http.MethodGet {
		op.Parameters = asOf()
	}
	op.Errors = []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	op.MaxBodyBytes = 1 << 20
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			failed := a.Failed
			if failed == nil {
				failed = logFailure
			}
			return nil, problem(ctx, err, failed)
		}
		return out, nil
	})
}

// Refuse answers a request that may not pass its route with a problem document.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problem(r.Context(), err, logFailure)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	writeJSON(w, p)
}

// A Body is an answer that is one JSON value.
type Body[T any] struct{ Body T }

// A Receipt acknowledges a command: it is durable, and provable at these positions
// of the ledger.
type Receipt struct {
	ID    string `json:"id" doc:"Of the object"`
	First int64  `json:"first" doc:"Position of the first event in the ledger"`
	Last  int64  `json:"last" doc:"Position of the last one"`
}

// Acknowledge returns the answer to a command on the object id.
func Acknowledge(id string, r ledger.Receipt) *Body[Receipt] {
	return &Body[Receipt]{Receipt{id, r.First, r.Last}}
}

// None is the input of an operation that takes none.
type None struct{}

// ByID is the input of an operation on one object.
type ByID struct {
	ID string `path:"id" doc:"Of the object"`
}

// writeJSON writes v; a client that went away is not an error of ours.
func writeJSON(w io.Writer, v any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
}
