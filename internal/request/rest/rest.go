// Package rest is the JSON API of requests for data: the same commands and questions
// as the pages.
package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/request"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/vault"
	"chaperone.example/law"
	"chaperone.example/law/civil"
	"chaperone.example/law/cohort"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
)

// A Window is the time frame: days of discharge, both included.
type Window struct {
	From  string `json:"from" format:"date" doc:"First day"`
	Until string `json:"until" format:"date" doc:"Last day"`
}

// A Population says whose encounters are wanted; what is left out is not restricted.
type Population struct {
	Classes   []string `json:"classes,omitempty" maxItems:"4" enum:"I,E,O,B" doc:"Inpatient, emergency, outpatient, observation"`
	MinAge    int      `json:"min_age,omitempty" minimum:"0" maximum:"120" doc:"Years at the encounter, included"`
	MaxAge    *int     `json:"max_age,omitempty" minimum:"0" maximum:"120" doc:"Years at the encounter, included"`
	Diagnoses []string `json:"diagnoses,omitempty" maxItems:"100" doc:"Beginnings of ICD-10-CM codes, without the dot: I50"`
}

// An Ask is a request for data, with its words.
type Ask struct {
	Discloser  string     `json:"discloser" maxLength:"64" doc:"Organization that holds the data"`
	Purpose    string     `json:"purpose" maxLength:"40" doc:"One of the purposes, such as operations"`
	Activity   string     `json:"activity,omitempty" maxLength:"40" doc:"For operations: which of them, such as quality-assessment"`
	Basis      string     `json:"basis,omitempty" maxLength:"8" doc:"Rule believed to permit it; every basis is tried anyway"`
	Consortium string     `json:"consortium,omitempty" maxLength:"64" doc:"Organization whose consortium runs the project"`
	Combines   []string   `json:"combines,omitempty" maxItems:"200" doc:"Organizations whose data will be combined with these"`
	Population Population `json:"population"`
	Window     Window     `json:"window"`
	Elements   []string   `json:"elements" minItems:"1" maxItems:"200" doc:"Elements of the catalogue, such as encounter.diagnosis"`
	Form       string     `json:"form" enum:"safe-harbor,expert,limited,identified" doc:"Form wanted"`
	Recipients []string   `json:"recipients" minItems:"1" maxItems:"50" doc:"Users of the own organization with a registered key"`
	Retention  int        `json:"retention" minimum:"1" maximum:"2196" doc:"Days"`
	Project    string     `json:"project" maxLength:"480" doc:"Name of the project; nothing that points to a patient"`
	Statement  string     `json:"statement" maxLength:"16000" doc:"What the data will be used for; nothing that points to a patient"`
	WhyMore    string     `json:"why_more,omitempty" maxLength:"16000" doc:"For more than de-identified data: why less does not serve"`
}

func (a Ask) read() (request.Ask, request.Details) {
	out := request.Ask{Discloser: a.Discloser, Purpose: purpose.Kind(a.Purpose), Activity: purpose.Activity(a.Activity), Basis: a.Basis, Consortium: a.Consortium,
		Combines: a.Combines, Elements: a.Elements, Recipients: a.Recipients, Retention: a.Retention,
		Population: request.Population{MinAge: a.Population.MinAge, MaxAge: a.Population.MaxAge, Diagnoses: a.Population.Diagnoses}}
	for _, c := range a.Population.Classes {
		out.Population.Classes = append(out.Population.Classes, request.Class(c))
	}
	out.Form, _ = law.ParseForm(a.Form)
	var err error
	if out.Window.From, err = civil.Parse(a.Window.From); err == nil {
		out.Window.Until, err = civil.Parse(a.Window.Until)
	}
	if err != nil { // the schema refuses it first, without repeating the value; here it counts as missing
		out.Window = law.Window{}
	}
	return out, request.Details{Project: a.Project, Statement: a.Statement, WhyMore: a.WhyMore}
}

// A Row is one request of a list.
type Row struct {
	ID        string    `json:"id"`
	Project   string    `json:"project"`
	Recipient string    `json:"recipient" doc:"Organization that asks, by name"`
	Discloser string    `json:"discloser" doc:"Organization asked, by name"`
	AwaitsUs  bool      `json:"awaits_us" doc:"The own organization has to decide"`
	Status    string    `json:"status" doc:"denied, awaiting, approved, refused or withdrawn"`
	Outcome   string    `json:"outcome" doc:"Of the law: permit, right-size or deny"`
	Version   int       `json:"version"`
	Purpose   string    `json:"purpose"`
	Activity  string    `json:"activity,omitempty"`
	Asked     int       `json:"asked" doc:"Elements asked for"`
	Permitted int       `json:"permitted" doc:"Elements permitted"`
	Form      string    `json:"form" doc:"Form permitted; empty when denied"`
	Submitted time.Time `json:"submitted"`
	Changed   time.Time `json:"changed"`
}

// A Listing is a page of a list.
type Listing struct {
	Requests []Row `json:"requests"`
	Await    int   `json:"await" doc:"Requests that await a decision of the own organization"`
	More     bool  `json:"more" doc:"There is a further page"`
}

// A File is a request as it stands.
type File struct {
	ID         string               `json:"id"`
	Version    int                  `json:"version"`
	Status     string               `json:"status" doc:"denied, awaiting, approved, refused or withdrawn"`
	By         string               `json:"by" doc:"User who asked"`
	Role       string               `json:"role"`
	Recipient  string               `json:"recipient" doc:"Organization that asks"`
	Ask        Ask                  `json:"ask"`
	Decision   string               `json:"decision" doc:"Id of the newest decision"`
	Outcome    string               `json:"outcome"`
	Form       string               `json:"form"`
	Suppressed []cohort.Suppression `json:"suppressed" doc:"Patients of whom less goes, or nothing: by class, in tens rounded up"`
	Permit     *Permit              `json:"permit,omitempty" doc:"What may be released, once approved"`
	Refusal    string               `json:"refusal,omitempty" doc:"Ground of a refusal"`
	Citation   string               `json:"citation,omitempty" doc:"What the refusal rests on"`
	Note       string               `json:"note,omitempty"`
	Steps      []Step               `json:"steps"`
}

// A Step is something that happened to a request.
type Step request.Step

// A Repetition compares a recorded decision with the one computed from its record.
type Repetition request.Repetition

// A Permit is what an approved request allows to be released.
type Permit struct {
	Datasets    []string  `json:"datasets"`
	Form        string    `json:"form"`
	Elements    []Grant   `json:"elements"`
	Missing     []string  `json:"missing,omitempty" doc:"Permitted, but in none of the datasets"`
	Window      Window    `json:"window"`
	Basis       string    `json:"basis" doc:"Rule"`
	Citation    string    `json:"citation"`
	Obligations []Duty    `json:"obligations"`
	Retention   int       `json:"retention" doc:"Days: the shorter of what was asked and what the agreements allow"`
	ApprovedBy  string    `json:"approved_by"`
	ApprovedAt  time.Time `json:"approved_at"`
}

// A Grant is one element that may be released.
type Grant struct {
	Element   string `json:"element"`
	Treatment string `json:"treatment" doc:"kept or transformed"`
	As        string `json:"as,omitempty"`
	Form      string `json:"form"`
}

// A Duty is an obligation that goes with the data.
type Duty struct {
	Duty     string            `json:"duty"`
	Text     string            `json:"text"`
	Citation string            `json:"citation"`
	Params   map[string]string `json:"params,omitempty"`
}

func permit(p request.Permit) *Permit {
	out := &Permit{Datasets: p.Datasets, Form: p.Form.String(), Elements: []Grant{}, Missing: p.Missing, Window: window(p.Window), Basis: p.Basis, Citation: p.Citation,
		Obligations: []Duty{}, Retention: p.Retention, ApprovedBy: p.ApprovedBy, ApprovedAt: p.ApprovedAt}
	for _, g := range p.Elements {
		out.Elements = append(out.Elements, Grant{g.Element, string(g.Treatment), g.As, g.Form.String()})
	}
	for _, o := range p.Obligations {
		d := Duty{Duty: string(o.Duty), Text: o.Text, Citation: o.Citation}
		for _, x := range o.Params {
			if d.Params == nil {
				d.Params = map[string]string{}
			}
			d.Params[x.Name] = x.Value
		}
		out.Obligations = append(out.Obligations, d)
	}
	return out
}

func window(w law.Window) Window { return Window{w.From.String(), w.Until.String()} }

// write is the reverse of read.
func write(a request.Ask, d request.Details) Ask {
	out := Ask{Discloser: a.Discloser, Purpose: string(a.Purpose), Activity: string(a.Activity), Basis: a.Basis, Consortium: a.Consortium, Combines: a.Combines,
		Population: Population{MinAge: a.Population.MinAge, MaxAge: a.Population.MaxAge, Diagnoses: a.Population.Diagnoses}, Window: window(a.Window),
		Elements: a.Elements, Form: a.Form.String(), Recipients: a.Recipients, Retention: a.Retention, Project: d.Project, Statement: d.Statement, WhyMore: d.WhyMore}
	for _, c := range a.Population.Classes {
		out.Population.Classes = append(out.Population.Classes, string(c))
	}
	return out
}

// A Ruling is a recorded decision with all it was computed from.
type Ruling struct {
	ID       string          `json:"id"`
	Version  int             `json:"version" doc:"Of the request"`
	Cause    string          `json:"cause"`
	RuleBook string          `json:"rule_book"`
	Facts    string          `json:"facts" doc:"Hash of the facts"`
	Asked    json.RawMessage `json:"asked" doc:"The question as it was put to the law"`
	Known    json.RawMessage `json:"known" doc:"The facts as they were"`
	Answer   json.RawMessage `json:"answer" doc:"The decision: element by element, bases, reasons, obligations, remedies"`
}

type listInput struct {
	Side   string `query:"side" enum:"asking,asked" doc:"Asked by us, or asked of us; both if left out"`
	Status string `query:"status" enum:"denied,awaiting,approved,refused,withdrawn"`
	Page   int    `query:"page" minimum:"0" maximum:"10000"`
}

type submitInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"200"`
	Body Ask
}

type amendInput struct {
	rest.ByID
	Body Ask
}

// An Approval chooses what to release from.
type Approval struct {
	Decision string   `json:"decision,omitempty" maxLength:"64" doc:"The decision that was looked at; refused if there is a newer one"`
	Datasets []string `json:"datasets" minItems:"1" maxItems:"50"`
	Partial  bool     `json:"partial,omitempty" doc:"Release even without elements that no chosen dataset holds"`
}

type approveInput struct {
	rest.ByID
	Body Approval
}

// A Refusal says why.
type Refusal struct {
	Reason string `json:"reason" enum:"not-held,too-much,unclear,restricted,unsafe,infeasible,instead,other"`
	Note   string `json:"note,omitempty" maxLength:"16000" doc:"Nothing that points to a patient"`
}

type refuseInput struct {
	rest.ByID
	Body Refusal
}

type rulingInput struct {
	rest.ByID
	Decision string `query:"decision" maxLength:"64" doc:"Which decision; the newest if left out"`
}

// Routes declares the operations.
func Routes(api *rest.API, desk *ledger.Desk, s request.Sources) {
	d := door{desk, s}
	rest.Get(api, "/requests", "list-requests", "List the requests by and of the own organization", d.list)
	rest.Post(api, "/requests", "submit-request", "Ask for data; the law decides at once", http.StatusCreated, d.submit)
	rest.Get(api, "/requests/{id}", "get-request", "Get a request", d.get)
	rest.Get(api, "/requests/{id}/decision", "get-decision", "Get a decision with the question and the facts it was computed from", d.ruling)
	rest.Get(api, "/requests/{id}/replay", "replay-decision", "Decide again from the record and compare byte for byte", d.replay)
	rest.Post(api, "/requests/{id}/amend", "amend-request", "Narrow a request", http.StatusOK, d.amend)
	rest.Post(api, "/requests/{id}/reconsider", "reconsider-request", "Have a request decided again on the facts of today", http.StatusOK, d.reconsider)
	rest.Post(api, "/requests/{id}/approve", "approve-request", "Approve a request and choose the datasets", http.StatusOK, d.approve)
	rest.Post(api, "/requests/{id}/refuse", "refuse-request", "Refuse a request", http.StatusOK, d.refuse)
	rest.Post(api, "/requests/{id}/withdraw", "withdraw-request", "Withdraw a request", http.StatusOK, d.withdraw)
}

type door struct {
	desk    *ledger.Desk
	sources request.Sources
}

func (d door) do(ctx context.Context, id string, c ledger.Command[request.Inquiry]) (*rest.Body[rest.Receipt], error) {
	receipt, err := ledger.Do(ctx, d.desk, access.Actor(ctx), request.Kind, id, c)
	if err != nil {
		return nil, err
	}
	return rest.Acknowledge(id, receipt), nil
}

func (d door) list(ctx context.Context, in *listInput) (*rest.Body[Listing], error) {
	l, err := ledger.Ask(ctx, d.desk, access.Actor(ctx), request.List{Side: request.Side(in.Side), Status: request.Status(in.Status), Page: in.Page, Sources: d.sources})
	if err != nil {
		return nil, err
	}
	out := Listing{Requests: []Row{}, Await: l.Await, More: l.More}
	for _, x := range l.Rows {
		out.Requests = append(out.Requests, Row{ID: x.ID, Project: x.Project, Recipient: x.Recipient, Discloser: x.Discloser, AwaitsUs: x.AwaitsMe, Status: string(x.Status),
			Outcome: string(x.Outcome), Version: x.Version, Purpose: string(x.Purpose), Activity: string(x.Activity), Asked: x.Asked, Permitted: x.Given, Form: x.Form.String(),
			Submitted: x.Submitted, Changed: x.Changed})
	}
	return &rest.Body[Listing]{Body: out}, nil
}

func (d door) submit(ctx context.Context, in *submitInput) (*rest.Body[rest.Receipt], error) {
	ask, details := in.Body.read()
	id := "q-" + vault.NewID()
	if in.Key != "" {
		id = request.ID(access.Actor(ctx), in.Key)
	}
	return d.do(ctx, id, request.Submit{Ask: ask, Details: details, Sources: d.sources})
}

func (d door) get(ctx context.Context, in *rest.ByID) (*rest.Body[File], error) {
	f, err := ledger.Ask(ctx, d.desk, access.Actor(ctx), request.One{ID: in.ID, Sources: d.sources})
	if err != nil {
		return nil, err
	}
	out := File{Suppressed: append([]cohort.Suppression{}, cohort.Suppressions(f.Decision)...), ID: f.ID, Version: f.Version, Status: string(f.Status), By: f.By, Role: string(f.Role), Recipient: f.Recipient, Ask: write(f.Ask, f.Details),
		Decision: f.Decided.ID, Outcome: string(f.Decided.Outcome), Form: f.Decided.Form.String(), Refusal: string(f.Refusal), Citation: f.Refusal.Citation(), Note: f.Note.Text, Steps: []Step{}}
	for _, s := range f.Steps {
		out.Steps = append(out.Steps, Step(s))
	}
	if f.Status == request.Granted {
		p, err := f.Permit()
		if err != nil {
			return nil, err
		}
		out.Permit = permit(p)
	}
	return &rest.Body[File]{Body: out}, nil
}

func (d door) ruling(ctx context.Context, in *rulingInput) (*rest.Body[Ruling], error) {
	r, err := ledger.Ask(ctx, d.desk, access.Actor(ctx), request.Ruling{ID: in.ID, Decision: in.Decision})
	if err != nil {
		return nil, err
	}
	return &rest.Body[Ruling]{Body: Ruling{r.ID, r.Version, string(r.Cause), r.RuleBook, r.Facts, r.Asked, r.Known, r.Answer}}, nil
}

func (d door) replay(ctx context.Context, in *rulingInput) (*rest.Body[Repetition], error) {
	r, err := ledger.Ask(ctx, d.desk, access.Actor(ctx), request.Replay{ID: in.ID, Decision: in.Decision})
	if err != nil {
		return nil, err
	}
	return &rest.Body[Repetition]{Body: Repetition(r)}, nil
}

func (d door) amend(ctx context.Context, in *amendInput) (*rest.Body[rest.Receipt], error) {
	ask, details := in.Body.read()
	return d.do(ctx, in.ID, request.Amend{Ask: ask, Details: details, Sources: d.sources})
}

func (d door) reconsider(ctx context.Context, in *rest.ByID) (*rest.Body[rest.Receipt], error) {
	return d.do(ctx, in.ID, request.Reconsider{Sources: d.sources})
}

func (d door) approve(ctx context.Context, in *approveInput) (*rest.Body[rest.Receipt], error) {
	return d.do(ctx, in.ID, request.Approve{Decision: in.Body.Decision, Datasets: in.Body.Datasets, Partial: in.Body.Partial, Sources: d.sources})
}

func (d door) refuse(ctx context.Context, in *refuseInput) (*rest.Body[rest.Receipt], error) {
	return d.do(ctx, in.ID, request.Refuse{Reason: request.Ground(in.Body.Reason), Note: request.Note{Text: in.Body.Note}})
}

func (d door) withdraw(ctx context.Context, in *rest.ByID) (*rest.Body[rest.Receipt], error) {
	return d.do(ctx, in.ID, request.Withdraw{})
}
