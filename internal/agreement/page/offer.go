package page

import (
	"net/http"

	"chaperone.example/internal/agreement"
	"chaperone.example/internal/web"
	"chaperone.example/law"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"
)

// about says what each template is for.
func about(template string) (title, text string) {
	switch template {
	case "baa":
		return "Business associate agreement", "For a partner that handles your patients' information for you, such as a quality collaborative (45 CFR 164.504(e))."
	case "cloud":
		return "Cloud provider", "A business associate agreement for a host that stores information, even encrypted and without the key."
	case "subcontractor":
		return "Subcontractor", "For a business associate that passes information on to somebody who works for it (45 CFR 164.504(e)(5))."
	case "participation":
		return "Consortium participation", "Between a member and its consortium: what members' data are used for, who sees reports, what happens on leaving."
	case "dua":
		return "Data use agreement", "For a limited data set: dates and places may stay, names and numbers go (45 CFR 164.514(e)(4))."
	case "ohca":
		return "Organized health care arrangement", "For covered entities that hold themselves out as a joint arrangement (45 CFR 160.103)."
	case "qsoa":
		return "Qualified service organization", "For services to a substance-use program (42 CFR 2.11)."
	}
	return template, ""
}

func (p Page) blank(w http.ResponseWriter, r *http.Request) error {
	v, err := p.viewer(r)
	if err != nil {
		return err
	}
	name := r.URL.Query().Get("template")
	if name == "" {
		var cards []web.Card
		for _, t := range instrument.Templates() {
			title, text := about(t)
			cards = append(cards, web.Card{Title: title, Text: text, Verb: "Use this template", Href: "/agreements/new?template=" + t})
		}
		return web.Render(w, r, http.StatusOK, templatesPage(cards))
	}
	in, ok := instrument.Template(name)
	if !ok {
		return ledger.Unknown("template")
	}
	return web.Render(w, r, http.StatusOK, offerPage(editor{instrument: in, viewer: v}, name, v.others(), v.whose(in.Kind)))
}

// others lists with whom an agreement can be made.
func (v viewer) others() (out []web.Option) {
	for _, o := range v.orgs {
		if o.ID != v.actor.Org {
			out = append(out, web.Option{Value: o.ID, Label: o.Name})
		}
	}
	return out
}

// whose guesses whose data an agreement of the kind is about; the person can say
// otherwise.
func (v viewer) whose(k instrument.Kind) string {
	if v.own(law.CoveredEntity) || v.own(law.HealthPlan) || k == instrument.Subcontractor && v.own(law.Associate) {
		return "ours"
	}
	return "theirs"
}

func (p Page) offer(w http.ResponseWriter, r *http.Request) error {
	v, err := p.viewer(r)
	if err != nil {
		return err
	}
	f, err := web.ReadForm(r, 64<<10)
	if err != nil {
		return err
	}
	in, ok := instrument.Template(f.Text("template"))
	if !ok {
		return ledger.Unknown("template")
	}
	c := agreement.Offer{Instrument: read(f, in.Kind), Start: date(f, "start"), End: date(f, "end"), Note: f.Text("note"), Parties: p.Parties}
	other := f.Need("other", "Choose the other party.")
	switch f.Need("whose", "Say whose data the agreement is about.") {
	case "ours":
		c.Upstream, c.Downstream = v.actor.Org, other
	case "theirs":
		c.Upstream, c.Downstream = other, v.actor.Org
	case "":
	default:
		f.Wrong("whose", "Say whose data the agreement is about.")
	}
	if f.OK() {
		ctx, id := begin(r, f, "a-")
		_, err := ledger.Do(ctx, p.Desk, v.actor, agreement.Kind, id, c)
		switch {
		case err == nil:
			return web.Done(w, r, "/agreements/"+id, "The offer was sent. It is in force once both parties have signed it.")
		case !f.Take(err):
			return err
		}
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, offerPage(editor{f, c.Instrument, c.Start, c.End, v}, f.Text("template"), v.others(), ""))
}
