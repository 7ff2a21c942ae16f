# Disclosure law, encoded a second time and apart from package law: from the text of
# 45 CFR 164.502-164.528, 42 CFR part 2 and the catalogue of rules, in another
# language, to be compared with it on random requests. Nothing here is legal advice.
#
# What is not known permits nothing and restricts as if it were so. For each class of
# patients the answer is: the outcome, the form, and which elements are kept, changed
# or dropped.
package disclosure

req := input.request

facts := input.facts

day := substring(req.at, 0, 10)

source := object.get(req, "source", req.discloser)

# --- dates: none is the empty string; both ends are included ---

within(from, to) if {
	not late(from)
	not over(to)
}

late(from) if {
	from != ""
	day < from
}

over(to) if {
	to != ""
	day > to
}

# --- parties ---

orgs := {o.id: o | some o in object.get(facts, "organizations", [])}

is(id, statuses) if {
	some s in orgs[id].is
	s in statuses
}

active(id) if {
	orgs[id]
	not object.get(orgs[id], "inactive", false)
}

covered := {"covered-entity", "health-plan"}

names(id) := {id} | {s | some s in orgs[id].is} if orgs[id]

names(id) := {id} if not orgs[id]

# --- agreements ---

agreements := object.get(facts, "agreements", [])

date(o, k) := object.get(o, k, "")

signed(a) if {
	date(a, "signed") != ""
	date(a, "signed") <= day
}

in_force(a) if {
	signed(a)
	within(date(a, "start"), date(a, "end"))
	not ended_early(a)
}

ended_early(a) if {
	date(a, "terminated") != ""
	day >= date(a, "terminated")
}

# 164.504(e)(2)(ii)(J): after its end, what makes return infeasible.
survives(a) if {
	date(a, "signed") != ""
	req.purpose in object.get(a, "infeasible", [])
	ended(a)
}

ended(a) if ended_early(a)

ended(a) if over(date(a, "end"))

violated(a) if object.get(a, "violated", false)

# The terms of 164.504(e)(2)(i)-(iii) and 164.314(a)(2)(i), of 164.514(e)(4)(ii)(C), and
# of the platform's participation agreement.
associate_terms := {
	"baa.uses", "baa.no-other-use", "baa.safeguards", "baa.report", "baa.subcontractors", "baa.access", "baa.amendment",
	"baa.accounting", "baa.delegated", "baa.books", "baa.return", "baa.termination",
	"baa.security-rule", "baa.security-subcontractors", "baa.security-incidents",
}

terms := {
	"baa": associate_terms,
	"subcontractor": associate_terms,
	"dua": {"dua.uses", "dua.who", "dua.no-further-use", "dua.safeguards", "dua.report", "dua.agents", "dua.no-reidentification"},
	"participation": {
		"consortium.purpose", "consortium.minimum", "consortium.no-reidentification", "consortium.reports", "consortium.further-use",
		"consortium.incidents", "consortium.duties", "consortium.exit",
	},
	"ohca": {"ohca.joint", "ohca.activity"},
	"qsoa": {"qsoa.services", "baa.part2"},
}

complete(a) if {
	count(terms[a.instrument.kind] - {c | some c in a.instrument.clauses}) == 0
	count(object.get(a.instrument.terms, "purposes", [])) > 0
	not dua_too_wide(a)
	not silent_at_end(a)
}

dua_too_wide(a) if {
	a.instrument.kind == "dua"
	some p in a.instrument.terms.purposes
	not p in {"research", "public-health", "operations"}
}

silent_at_end(a) if {
	a.instrument.kind in {"baa", "subcontractor"}
	not a.instrument.terms.at_end
}

permits(a) if {
	req.purpose == "associate-business"
	a.instrument.terms.manage
}

permits(a) if {
	req.purpose != "associate-business"
	req.purpose in a.instrument.terms.purposes
	activity_permitted(a.instrument.terms)
}

activity_permitted(_) if req.purpose != "operations"

activity_permitted(t) if count(object.get(t, "activities", [])) == 0

activity_permitted(t) if activity in t.activities

activity_permitted(t) if {
	activity == "data-aggregation"
	t.aggregate
}

activity_permitted(t) if {
	activity == "de-identification"
	t.deidentify
}

activity := object.get(req, "activity", "")

between(from, to, kinds) := [a | some a in agreements; a.from == from; a.to == to; a.instrument.kind in kinds]

found(from, to, kinds) := between(from, to, kinds)[0] if count(between(from, to, kinds)) > 0

live(from, to, kinds) if {
	a := found(from, to, kinds)
	in_force(a)
	complete(a)
	not violated(a)
}

links := {"baa", "subcontractor"}

edge(from, to) if count(between(from, to, links)) > 0

# The chain of organizations from one to another, to a depth of three agreements.
chains(from, to) := paths if {
	ids := {a.to | some a in agreements; a.instrument.kind in links}
	one := [[from, to] | edge(from, to)]
	two := [[from, m, to] | some m in ids; edge(from, m); edge(m, to)]
	three := [[from, m, n, to] | some m in ids; edge(from, m); some n in ids; edge(m, n); edge(n, to)]
	paths := array.concat(one, array.concat(two, three))
}

path(from, to) := chains(from, to)[0]

steps(p) := [{"from": p[i], "to": p[i + 1]} | some i in numbers.range(0, count(p) - 2)] if count(p) > 1

steps(p) := [] if count(p) < 2

agreed(s) := found(s.from, s.to, links)

behalf := object.get(req, "on_behalf_of", [])

acting := steps(array.concat(behalf, [req.recipient])) if count(behalf) > 0

acting := steps(path(source, req.recipient)) if through_path

through_path if {
	count(behalf) == 0
	req.recipient != source
	orgs[req.recipient]
	not is(req.recipient, {"covered-entity"})
	path(source, req.recipient)
}

acting := [] if {
	count(behalf) == 0
	not through_path
}

principal := behalf[0] if count(behalf) > 0

principal := source if through_path

principal := req.recipient if {
	count(behalf) == 0
	not through_path
}

holds if req.discloser != source

holding := steps(path(source, req.discloser)) if holds

holding := [] if not holds

acts_for_source if {
	principal == source
	req.recipient != source
	count(acting) > 0
}

own_use if {
	principal == source
	req.recipient == source
}

chain_signed if every s in acting { signed(agreed(s)) }

chain_in_force if every s in acting { holds_now(agreed(s)) }

holds_now(a) if in_force(a)

holds_now(a) if survives(a)

chain_complete if every s in acting { complete(agreed(s)) }

chain_scope if {
	every i, s in acting {
		permits(agreed(s))
		passes_on(i, agreed(s))
	}
}

passes_on(i, _) if i == count(acting) - 1

passes_on(_, a) if a.instrument.terms.flow_down

chain_aggregates if {
	every s in acting { agreed(s).instrument.terms.aggregate }
	every c in others {
		live(c, first_associate, links_baa)
		found(c, first_associate, links_baa).instrument.terms.aggregate
	}
}

links_baa := {"baa"}

first_associate := acting[0].to

chain if {
	acts_for_source
	chain_signed
	chain_in_force
	chain_complete
	chain_scope
}

principal_bound if {
	chain_signed
	chain_in_force
	chain_complete
	chain_scope
}

combined := object.get(object.get(facts, "project", {}), "combines", [])

others := [c | some c in combined; c != source]

combines if count(others) > 0

sound(list) if every s in list {
	holds_now(agreed(s))
	complete(agreed(s))
}

# 164.502(a)(3): whoever holds another entity's data does only what its agreement permits.
holder_permitted if not holds

holder_permitted if {
	count(holding) > 0
	req.recipient == source
}

holder_permitted if {
	count(holding) > 0
	sound(holding)
	every s in holding { permits(agreed(s)) }
}

may_deidentify if not holds

may_deidentify if {
	count(holding) > 0
	every s in holding { agreed(s).instrument.terms.deidentify }
}

known_violation if {
	some s in array.concat(acting, holding)
	violated(agreed(s))
}

# --- findings of people ---

determined(k) if {
	some d in object.get(facts, "determinations", [])
	d.kind == k
	within(date(d, "on"), date(d, "until"))
}

any_determined(kinds) if {
	some k in kinds
	determined(k)
}

limited_to(kinds) := [{e | some e in d.elements} |
	some k in kinds
	ds := [d | some d in object.get(facts, "determinations", []); d.kind == k; within(date(d, "on"), date(d, "until"))]
	count(ds) > 0
	d := ds[0]
	count(object.get(d, "elements", [])) > 0
]

intersect(sets) := elements if count(sets) == 0

intersect(sets) := intersection({s | some s in sets}) if count(sets) > 0

setting(k) if object.get(object.get(facts, "settings", {}), k, false)

# --- purposes ---

purpose := req.purpose

proceedings if purpose in {"judicial", "law-enforcement"}

care if purpose in {"treatment", "payment", "operations"}

underwriting if purpose == "underwriting"

underwriting if activity == "contract-rating"

sale if object.get(req, "paid", false)

sale if purpose == "commercial"

glass if object.get(req, "break_glass", false)

# 164.506(c)(4): paragraphs (1) and (2) of the definition, and fraud detection or compliance.
shared_activity if activity in {
	"quality-assessment", "case-management", "patient-safety", "population-health", "comparative-analysis",
	"peer-review", "training", "accreditation", "fraud-detection",
}

# --- elements ---

asked := {e | some e in req.elements; data.catalogue[e]}

elements := {e | some e, _ in data.catalogue}

unknown if {
	some e in req.elements
	not data.catalogue[e]
}

of_class(c) := {id | some id, e in data.catalogue; e.class == c}

codes := {"patient.token", "encounter.key"}

expert_held if {
	until := date(object.get(facts, "dataset", {}), "expert_until")
	until != ""
	day <= until
}

expert := {e |
	expert_held
	some e in object.get(facts.dataset, "expert_keeps", [])
	data.catalogue[e].class != "direct identifier"
	not data.catalogue[e].free_text
}

# What a form does to an element: 164.514(b)(2), (c), (e)(2).
treats(form, id) := "keep" if form == "identified"

treats(form, id) := "change" if {
	form != "identified"
	id in codes
}

treats(form, id) := "keep" if {
	form == "limited"
	not id in codes
	e := data.catalogue[id]
	not e.free_text
	e.class != "direct identifier"
	not e.street
	e.identifier in {"", "B", "C", "R"}
}

treats(form, id) := "keep" if {
	form in {"safe-harbor"}
	e := data.catalogue[id]
	not e.free_text
	e.identifier == ""
}

treats(form, id) := "change" if {
	form in {"safe-harbor"}
	e := data.catalogue[id]
	not e.free_text
	generalized(id)
}

treats(form, id) := "keep" if {
	form == "expert"
	not id in codes
	id in expert
}

treats(form, id) := "change" if {
	form == "expert"
	not id in expert
	e := data.catalogue[id]
	not e.free_text
	generalized(id)
}

generalized(id) if {
	data.catalogue[id].identifier == "C"
	not id in codes
}

generalized("patient.zip")

rank := {"": 0, "safe-harbor": 1, "expert": 2, "limited": 3, "identified": 4}

# --- minimum necessary: the profile of role, purpose and activity ---

fitting := [p |
	some p in object.get(facts, "profiles", [])
	p.purpose == purpose
	object.get(p, "role", req.role) == req.role
	object.get(p, "activity", activity) == activity
]

profile := fitting[0]

# The least form that serves, raised to one in which the element exists.
needed(n) := form if {
	least := max([rank[object.get(n, "form", "")], 1])
	possible := [r | some f, r in rank; r >= least; exists(f, n.element)]
	some form, r in rank
	r == min(possible)
}

exists(form, id) if {
	form != "expert"
	treats(form, id)
}

# An expert form exists only by a determination.
exists("expert", id) if {
	count(expert) > 0
	treats("expert", id)
}

exists("identified", _)

needs := {n.element: needed(n) | some n in profile.needs; data.catalogue[n.element]}

in_profile := {e | some e, _ in needs}

entire if count(of_class("clinical") - asked) == 0

# --- patients ---

classes := object.get(facts, "classes", [{"id": "all"}])

answer(c, k) := object.get(c, k, "unknown")

related(c, id) if id in object.get(c, "related", [])

died(c) if {
	date(c, "died") != ""
	date(c, "died") <= day
}

outside_rule(c) if object.get(object.get(facts, "dataset", {}), "record", "") != ""

outside_rule(c) if {
	date(c, "died") != ""
	to_number(substring(date(c, "died"), 0, 4)) + 50 < to_number(substring(day, 0, 4))
}

label(c, codes) if {
	some l in object.get(c, "labels", [])
	l in codes
}

genetic(c) if label(c, {"GDIS"})

genetic(c) if {
	underwriting
	count(asked & of_class("sensitive")) > 0
}

# --- authorizations, 164.508 ---

authorization_items := {"description", "discloser", "recipient", "purpose", "expiration", "signature", "revocation", "conditioning", "redisclosure"}

authorization_valid(a) if {
	count(authorization_items - {i | some i in a.items}) == 0
	states_end(a)
	date(a, "signed") != ""
	date(a, "signed") <= day
	not has_ended(a)
	not revoked(a)
	not object.get(a, "compound", false)
	not object.get(a, "conditioned", false)
	not object.get(a, "known_false", false)
}

expires(a) := object.get(a, "expires", {})

states_end(a) if date(expires(a), "on") != ""

states_end(a) if object.get(expires(a), "event", "") != ""

has_ended(a) if over(date(expires(a), "on"))

has_ended(a) if over(date(expires(a), "happened"))

revoked(a) if {
	date(a, "revoked") != ""
	date(a, "revoked") <= day
}

recipient_names := names(req.recipient) if principal == source

recipient_names := names(req.recipient) | names(principal) if principal != source

discloser_names := names(req.discloser) | names(source)

discloser_named(a) if count(object.get(a, "disclosers", [])) == 0

discloser_named(a) if count({d | some d in a.disclosers} & discloser_names) > 0

recipient_named(a) if count({r | some r in object.get(a, "recipients", [])} & recipient_names) > 0

for_purpose(a) if count(object.get(a, "purposes", [])) == 0

for_purpose(a) if purpose in a.purposes

for_authorized(a) if for_purpose(a)

for_authorized(_) if purpose == "authorization"

good_authorizations(c) := [a |
	some a in object.get(c, "authorizations", [])
	not object.get(a, "psychotherapy", false)
	discloser_named(a)
	recipient_named(a)
	for_authorized(a)
	authorization_valid(a)
]

authorized(c) := union({described(a) | some a in good_authorizations(c)} | {{e |
	notes_authorized(c)
	e := "clinical.psychotherapy-note"
}})

described(a) := {e | some e in a.elements} if count(object.get(a, "elements", [])) > 0

described(a) := elements - {"clinical.psychotherapy-note"} if count(object.get(a, "elements", [])) == 0

notes_authorized(c) if {
	some a in object.get(c, "authorizations", [])
	a.psychotherapy
	discloser_named(a)
	recipient_named(a)
	for_authorized(a)
	authorization_valid(a)
}

# --- substance-use records, 42 CFR part 2 ---

program(c) if answer(c, "part2") == "yes"

program(c) if {
	answer(c, "part2") == "unknown"
	is(source, {"part2-program"})
}

suspect(c) if answer(c, "part2") != "no"

unprotected(c) := set() if program(c)

unprotected(c) := elements - of_class("part 2") if not program(c)

consent_items := {"patient", "discloser", "information", "recipient", "purpose", "revocation", "expiration", "signature", "date"}

old_form(p) if {
	date(p, "signed") != ""
	date(p, "signed") < "2026-02-16"
}

consent_valid(p) if {
	count(consent_items - {i | some i in p.items}) == 0
	states_redisclosure(p)
	states_end(p)
	date(p, "signed") != ""
	date(p, "signed") <= day
	not has_ended(p)
	not revoked(p)
	not object.get(p, "known_false", false)
	not old_care(p)
	not refused_as_old(p)
}

states_redisclosure(p) if p.kind != "tpo"

states_redisclosure(p) if "redisclosure" in p.items

old_care(p) if {
	p.kind == "tpo"
	old_form(p)
}

refused_as_old(p) if {
	old_form(p)
	setting("reject_old_consents")
}

consent_names(p) if {
	discloser_named(p)
	recipient_named(p)
}

consent_names(p) if {
	p.kind == "tpo"
	discloser_named(p)
	count(object.get(p, "recipients", [])) == 0
	count(recipient_names & {"provider", "health-plan", "covered-entity", "business-associate", "subcontractor"}) > 0
}

# 2.14
signed_rightly(c, p) if {
	answer(c, "minor") != "yes"
	who := {s | some s in object.get(p, "signed_by", ["patient"])}
	count(who & {"patient", "representative"}) > 0
}

signed_rightly(c, p) if {
	answer(c, "minor") == "yes"
	"minor" in object.get(p, "signed_by", [])
	minor_alone(c, p)
}

minor_alone(c, _) if answer(c, "consents_alone") == "yes"

minor_alone(_, p) if "parent" in p.signed_by

intermediary if {
	is(principal, {"intermediary"})
	not is(principal, {"covered-entity", "business-associate", "subcontractor", "part2-program"})
}

care_consents(c) := [p |
	some p in object.get(c, "consents", [])
	p.kind == "tpo"
	not intermediary
	consent_names(p)
	care
	consent_valid(p)
	signed_rightly(c, p)
]

named_consents(c) := [p |
	some p in object.get(c, "consents", [])
	p.kind == "named"
	consent_names(p)
	for_purpose(p)
	consent_valid(p)
	signed_rightly(c, p)
]

consented(c) := union({scope(p) | some p in array.concat(care_consents(c), named_consents(c))})

scope(p) := {e | some e in p.elements} if count(object.get(p, "elements", [])) > 0

scope(p) := elements if count(object.get(p, "elements", [])) == 0

proceedings_consent(c) if {
	some p in object.get(c, "consents", [])
	p.kind == "proceedings"
	consent_names(p)
	purpose in {"judicial", "law-enforcement", "oversight"}
	consent_valid(p)
}

counseling_consent(c) if {
	some p in object.get(c, "consents", [])
	p.kind == "counseling"
	consent_names(p)
	for_purpose(p)
	consent_valid(p)
}

# 2.33 after revocation: own use stays, nothing further goes (U1).
revoked_care(c) if {
	not setting("revoked_onward")
	not own_use
	some p in object.get(c, "consents", [])
	p.kind == "tpo"
	revoked(p)
}

part2_crime if {
	determined("part2-crime-or-child-abuse")
	purpose in {"law-enforcement", "abuse-report"}
}

bound_to_part2 if {
	count(acting) > 0
	sound(acting)
	every s in acting { "baa.part2" in agreed(s).instrument.clauses }
}

qso if live(source, req.recipient, {"qsoa"})

qso if {
	acts_for_source
	bound_to_part2
}

holder_contract if bound_to_part2

holder_contract if live(source, req.recipient, {"qsoa"})

discloser_is_entity if is(req.discloser, {"covered-entity", "health-plan", "business-associate", "subcontractor"})

emergency if determined("emergency")

refuses if {
	determined("capable-patient-refuses")
	not setting("emergency_over_refusal")
}

care_consent_from := "2024-04-16"

# The bases of part 2, in order of preference.
sud_order := ["P21", "P23", "P24", "P04", "P05", "P06", "P07", "P10", "P11", "P12", "P14", "P25", "P13"]

sud(c) := {"P21" | part2_crime} |
	{"P23" | proceedings; determined("part2-court-order")} |
	{"P24" | proceedings; proceedings_consent(c)} |
	{"P04" | care; day >= care_consent_from; count(care_consents(c)) > 0} |
	{"P05" | count(named_consents(c)) > 0} |
	{"P06" | day >= care_consent_from; object.get(c, "received", "") == "tpo-consent"; discloser_is_entity; not proceedings; not revoked_care(c)} |
	{"P07" | object.get(c, "received", "") in {"lawful-holder", "named"}; holder_contract; purpose != "treatment"; not proceedings} |
	{"P10" | purpose == "treatment"; is(principal, {"provider"}); emergency; not refuses} |
	{"P11" | purpose == "research"; determined("part2-research")} |
	{"P12" | purpose in {"oversight", "operations", "payment"}; determined("part2-audit")} |
	{"P14" | qso; not proceedings} |
	{"P25" | own_use; care; is(source, {"part2-program"})} |
	{"P13" | purpose == "public-health"; may_deidentify; permits_form(c)}

# 2.54 lets de-identified data go: enough if no more is asked, or if the record as a whole is protected.
permits_form(c) if program(c)

permits_form(_) if req.form == "safe-harbor"

sud_basis(c) := [b | some b in sud_order; b in sud(c)][0]

sud_cap("P13") := "safe-harbor"

sud_cap(b) := "identified" if b != "P13"

sud_scope(c, b) := consented(c) if b in {"P04", "P05"}

sud_scope(_, "P23") := intersect(limited_to(["court-order", "part2-court-order"]))

sud_scope(_, "P10") := intersect(limited_to(["emergency"]))

sud_scope(_, b) := elements if not b in {"P04", "P05", "P23", "P10"}

# --- bars ---

barred(c) if not active(source)

barred(c) if not active(principal)

barred(c) if not active(req.discloser)

barred(c) if not active(req.recipient)

barred(c) if not facts.person.active

barred(c) if not trained

trained if facts.person.trained

trained if {
	glass
	purpose == "treatment"
	emergency
}

barred(c) if not facts.person.verified

barred(c) if not holder_permitted

consortium := object.get(object.get(facts, "project", {}), "consortium", "")

barred(c) if {
	consortium != ""
	consortium != source
	not live(source, consortium, {"participation"})
}

barred(c) if known_violation

deidentified_wanted if req.form in {"safe-harbor", "expert"}

barred(c) if {
	sale
	not deidentified_wanted
	not determined("sale-exception")
	count([a | some a in good_authorizations(c); a.remuneration]) == 0
}

barred(c) if {
	purpose == "marketing"
	not deidentified_wanted
	not determined("marketing-exception")
	count([a | some a in good_authorizations(c); a.marketing]) == 0
}

barred(c) if {
	purpose == "fundraising"
	not deidentified_wanted
	answer(c, "opted_out") != "no"
}

barred(c) if {
	underwriting
	genetic(c)
	not determined("long-term-care-issuer")
	not deidentified_wanted
}

barred(c) if {
	purpose == "individual"
	determined("representative")
	determined("endangerment")
}

barred(c) if {
	glass
	purpose != "treatment"
}

# 164.509, from 23 December 2024 until it was vacated on 18 June 2025.
barred(c) if {
	day >= "2024-12-23"
	day < "2025-06-18"
	label(c, {"SEX", "REPRO"})
	purpose in {"oversight", "judicial", "law-enforcement", "decedent"}
	not determined("reproductive-attestation")
	not deidentified_wanted
}

# --- bases ---

# 164.506(c)(2)-(4) are of another's treatment, payment and operations; what is done for
# the source itself is its own, and goes to whom it lets work for it by 164.502(e).
another if principal != source

entity if is(source, covered)

ordered if any_determined({"court-order", "part2-court-order"})

ordered if {
	determined("subpoena")
	determined("assurances")
}

researching(c) if any_determined({"research-waiver", "research-preparatory"})

researching(c) if {
	determined("research-decedents")
	died(c)
}

waiver_complete if not determined("research-waiver")

waiver_complete if {
	ws := [d | some d in facts.determinations; d.kind == "research-waiver"; within(date(d, "on"), date(d, "until"))]
	count({"board-and-date", "criteria", "phi-needed", "procedure", "signature"} - {i | some i in object.get(ws[0], "items", [])}) == 0
}

authority if is(principal, {"public-health-authority"})

authority if determined("public-health-authority")

arranged if {
	source != principal
	count({o | some o in object.get(orgs[source], "ohca", [])} & {o | some o in object.get(orgs[principal], "ohca", [])}) > 0
}

arranged if {
	source != principal
	orgs[source]
	orgs[principal]
	some pair in [[source, principal], [principal, source]]
	live(pair[0], pair[1], {"ohca"})
	permits(found(pair[0], pair[1], {"ohca"}))
}

basis_order := [
	"G05", "G06", "B01", "N04", "B03", "B02", "B04", "B06", "B05", "B09", "B08", "B07", "B10", "B11", "B24", "B12", "B13", "B14",
	"B15", "B23", "B16", "B17", "B18", "B28", "B19", "B20", "B21", "B25", "B26", "B22",
]

expert_ok if req.form != "expert"

expert_ok if expert_held

limited_purpose if purpose in {"research", "public-health", "operations"}

requirable if purpose in {
	"required-by-law", "public-health", "abuse-report", "oversight", "judicial", "law-enforcement", "decedent", "workers-comp",
}

dua_good if {
	a := found(source, req.recipient, {"dua"})
	in_force(a)
	not violated(a)
	complete(a)
	permits(a)
}

bases(c) := {"G05" | deidentified_wanted; may_deidentify; expert_ok} |
	{"G06" | outside_rule(c)} |
	{"B01" | purpose == "individual"; is(principal, {"patient"}); not determined("litigation-compilation")} |
	{"N04" | glass; purpose == "treatment"; req.role == "care-coordinator"; emergency; entity} |
	{"B03" | purpose == "treatment"; entity; is(principal, {"provider"}); principal_bound; another} |
	{"B02" | care; entity; own_use} |
	{"B04" | purpose == "payment"; entity; is(principal, covered | {"provider"}); principal_bound; another} |
	{"B06" | purpose == "operations"; entity; arranged; principal_bound; not own_use} |
	{"B05" | purpose == "operations"; entity; is(principal, covered); shared_activity; related(c, source); related(c, principal); answer(c, "pertains") == "yes"; principal_bound; another} |
	{"B09" | combines; purpose == "operations"; entity; chain; chain_aggregates} |
	{"B08" | entity; chain; count(acting) > 1; not combines; purpose != "associate-business"} |
	{"B07" | entity; chain; not combines; purpose != "associate-business"} |
	{"B10" | purpose == "associate-business"; entity; chain} |
	{"B11" | count(good_authorizations(c)) > 0} |
	{"B24" | purpose in {"directory", "family"}; entity; determined("preference")} |
	{"B12" | determined("statute"); requirable; entity} |
	{"B13" | purpose == "public-health"; entity; authority} |
	{"B14" | purpose == "abuse-report"; entity; is(principal, {"abuse-agency", "public-health-authority", "law-enforcement"}); determined("abuse-belief"); determined("abuse-agreed-or-required")} |
	{"B15" | purpose == "oversight"; entity; is(principal, {"oversight-agency", "hhs"})} |
	{"B23" | purpose == "hhs"; is(principal, {"hhs"})} |
	{"B16" | purpose == "judicial"; entity; ordered} |
	{"B17" | purpose == "law-enforcement"; entity; is(principal, {"law-enforcement"}); any_determined({"legal-process", "identify-or-locate", "crime-victim", "suspicious-death", "crime-on-premises", "crime-in-emergency"})} |
	{"B18" | purpose == "decedent"; entity; is(principal, {"coroner", "funeral-director"})} |
	{"B28" | purpose == "organ-donation"; entity; is(principal, {"organ-procurement"})} |
	{"B19" | purpose == "research"; entity; researching(c); waiver_complete} |
	{"B20" | purpose == "serious-threat"; entity; determined("serious-threat")} |
	{"B21" | purpose in {"government", "custody", "workers-comp"}; entity; is(principal, {"government-program", "correctional-institution", "workers-comp"}); determined("government-function")} |
	{"B25" | purpose == "fundraising"; entity; own_use} |
	{"B26" | purpose == "marketing"; entity; own_use; determined("marketing-exception")} |
	{"B22" | req.form in {"limited", "safe-harbor", "expert"}; limited_purpose; entity; dua_good}

cap("G05") := "expert"

cap("B22") := "limited"

cap(b) := "identified" if not b in {"G05", "B22"}

serves(b) if {
	rank[cap(b)] >= rank[req.form]
	req.form != "expert"
}

serves("G05")

basis(c) := [b | some b in basis_order; b in bases(c); serves(b)][0]

# 164.502(b)(2), and what is no PHI.
exempt := {"G05", "G06", "B01", "N04", "B03", "B11", "B12", "B23"}

accounted := {"B12", "B13", "B14", "B15", "B23", "B16", "B17", "B18", "B28", "B19", "B20", "B21"}

basis_scope(c, "B11") := authorized(c)

basis_scope(_, "B12") := intersect(limited_to(["statute"]))

basis_scope(_, "B16") := intersect(limited_to(["court-order", "part2-court-order"]))

basis_scope(_, "B25") := {e | some e, _ in data.fundraising_items}

basis_scope(_, b) := elements if not b in {"B11", "B12", "B16", "B25"}

not_phi(c) if basis(c) == "G05"

not_phi(c) if outside_rule(c)

# --- filters: what each withholds ---

agreement_covers(a) := {e | some e in a.instrument.terms.elements} if count(object.get(a.instrument.terms, "elements", [])) > 0

agreement_covers(a) := {id | some id, e in data.catalogue; e.class in a.instrument.terms.classes} if {
	count(object.get(a.instrument.terms, "elements", [])) == 0
	count(object.get(a.instrument.terms, "classes", [])) > 0
}

agreement_covers(a) := elements - (of_class("sensitive") | of_class("part 2")) if {
	count(object.get(a.instrument.terms, "elements", [])) == 0
	count(object.get(a.instrument.terms, "classes", [])) == 0
}

reliable if is(principal, {"public-health-authority", "oversight-agency", "hhs", "law-enforcement", "coroner", "funeral-director"} | covered)

reliable if determined("public-health-authority")

reliable if acts_for_source

reliable if {
	purpose == "research"
	determined("research-waiver")
}

stated_minimum if {
	determined("stated-minimum")
	reliable
}

plan_asks if {
	is(principal, {"health-plan"})
	not own_use
	plan_purpose
}

plan_purpose if purpose in {"payment", "operations"}

plan_purpose if underwriting

restrictions(c) := [r | some r in object.get(c, "restrictions", []); in_effect(r)]

in_effect(r) if {
	date(r, "agreed") <= day
	not restriction_ended(r)
}

restriction_ended(r) if {
	date(r, "ended") != ""
	date(r, "ended") <= day
}

restricts(r) if count(object.get(r, "recipients", [])) == 0

restricts(r) if count({n | some n in r.recipients} & recipient_names) > 0

held_by(r) := {e | some e in r.elements} if count(object.get(r, "elements", [])) > 0

held_by(r) := elements if count(object.get(r, "elements", [])) == 0

paid_held(c) := union({held_by(r) | some r in restrictions(c); r.paid_in_full; restricts(r); plan_asks} | {unsaid(c)})

unsaid(c) := elements if {
	plan_asks
	answer(c, "restrictions_known") != "yes"
	count(object.get(c, "restrictions", [])) == 0
} else := set()

agreed_held(c) := union({held_by(r) |
	some r in restrictions(c)
	not object.get(r, "paid_in_full", false)
	restricts(r)
	purpose in {"treatment", "payment", "operations", "family"}
	for_purpose(r)
})

agreed_restriction(c) if {
	some r in restrictions(c)
	not object.get(r, "paid_in_full", false)
	restricts(r)
	purpose in {"treatment", "payment", "operations", "family"}
	for_purpose(r)
}

emergency_care if {
	purpose == "treatment"
	emergency
}

# --- overlays ---

packs := [p | some p in object.get(facts, "overlays", []); pack_applies(p)]

pack_applies(p) if {
	p.level == "state"
	p.state == object.get(orgs[source], "state", "")
}

pack_applies(p) if {
	p.level == "member"
	p.member == source
}

member_pack(p) if p.level == "member"

member_pack(p) if object.get(p, "broken", false)

matching(c, p) := [r |
	not object.get(p, "broken", false)
	some r in p.rules
	within(date(r, "from"), date(r, "to"))
	for_purpose(r)
	not purpose in object.get(r, "except", [])
	overlay_recipient(r)
	overlay_label(c, r)
	overlay_minor(c, r)
]

overlay_recipient(r) if restricts(r)

overlay_label(_, r) if count(object.get(r, "labels", [])) == 0

overlay_label(c, r) if label(c, {l | some l in r.labels})

overlay_minor(_, r) if not object.get(r, "minors", false)

overlay_minor(c, _) if answer(c, "minor") != "no"

stripped(r) := elements if object.get(r, "deny", false)

stripped(r) := {e | some e in object.get(r, "strip", [])} | {id | some id, e in data.catalogue; e.class in object.get(r, "strip_classes", [])} if not object.get(r, "deny", false)

pack_held(c, p) := elements if object.get(p, "broken", false)

pack_held(c, p) := union({stripped(r) | some r in matching(c, p)}) if not object.get(p, "broken", false)

state_held(c) := union({pack_held(c, p) | some p in packs; not member_pack(p)})

member_held(c) := union({pack_held(c, p) | some p in packs; member_pack(p)})

overlay_duties(c) := {d | some p in packs; some r in matching(c, p); some d in object.get(r, "oblige", [])}

# --- what is left: narrow is false when overlays and restrictions are left out of account ---

narrowings(c, false) := set()

narrowings(c, true) := paid_taken(c) | agreed_taken(c) | state_taken(c) | member_held(c)

paid_taken(c) := set() if not_phi(c)

else := set() if determined("statute")

else := paid_held(c)

agreed_taken(c) := set() if not_phi(c)

else := set() if emergency_care

else := agreed_held(c)

state_taken(c) := set() if not_phi(c)

else := state_held(c)

protected_taken(c) := set() if not_phi(c)

else := set() if not suspect(c)

else := set() if {
	sud_basis(c)
	not proceedings
}

else := set() if {
	sud_basis(c)
	proceedings
	proceedings_open(c)
}

else := elements - unprotected(c)

proceedings_open(c) if determined("part2-court-order")

proceedings_open(c) if proceedings_consent(c)

proceedings_open(c) if part2_crime

psychotherapy_taken(c) := set() if notes_authorized(c)

else := set() if {
	determined("originator")
	purpose == "treatment"
}

else := {"clinical.psychotherapy-note"}

counseling_taken(c) := set() if counseling_consent(c)

else := {"clinical.counseling-note"}

agreement_taken(c) := set() if not_phi(c)

else := union({uncovered(agreed(s)) | some s in acting})

uncovered(a) := elements - agreement_covers(a)

locate_taken := elements - {e | some e, _ in data.locate_items} if {
	purpose == "law-enforcement"
	determined("identify-or-locate")
	not determined("legal-process")
} else := set()

minimum_taken(c) := set() if basis(c) in exempt

else := set() if stated_minimum

else := set() if determined("entire-record")

else := elements - in_profile

# Without part 2 in the way, what the basis of part 2 covers is not asked.
sud_taken(c) := set() if basis(c) == "G05"

else := set() if not suspect(c)

else := elements - (sud_scope(c, sud_basis(c)) | unprotected(c)) if sud_basis(c)

else := set()

left(c, narrow) := ((((((((((asked & basis_scope(c, basis(c))) - sud_taken(c)) - protected_taken(c)) - psychotherapy_taken(c)) - counseling_taken(c)) - narrowings(c, narrow)) - agreement_taken(c)) - locate_taken) - minimum_taken(c)))

ceiling(c) := req.form if basis(c) == "G05"

else := req.form if not suspect(c)

else := lower(req.form, sud_cap(sud_basis(c))) if sud_basis(c)

else := req.form

lower(a, b) := a if rank[a] <= rank[b]

else := b

needing(set, form) if {
	some e in set
	needs[e] == form
}

least(set) := "identified" if needing(set, "identified")

else := "expert" if {
	needing(set, "limited")
	may_deidentify
	count(expert) > 0
	count(set - expert) == 0
}

else := "limited" if needing(set, "limited")

else := "limited" if not may_deidentify

else := "expert" if needing(set, "expert")

else := "safe-harbor"

form(c, narrow) := ceiling(c) if basis(c) in exempt

else := ceiling(c) if stated_minimum

else := lower(ceiling(c), least(left(c, narrow)))

kept(c, narrow) := {e | some e in left(c, narrow); treats(form(c, narrow), e) == "keep"}

changed(c, narrow) := {e | some e in left(c, narrow); treats(form(c, narrow), e) == "change"}

released(c, narrow) := kept(c, narrow) | changed(c, narrow)

# --- dates of service ---

window(o) := {"from": date(o, "from"), "until": date(o, "until")}

later(a, b) := a if a >= b

else := b

earlier(a, b) := a if b == ""

else := b if a == ""

else := a if a <= b

else := b

meet(a, b) := {"from": later(a.from, b.from), "until": earlier(a.until, b.until)}

wanted_window := window(object.get(req, "window", {}))

dataset_window := window(object.get(object.get(facts, "dataset", {}), "window", {}))

agreement_windows := [{"from": date(t, "data_from"), "until": date(t, "data_until")} | some s in acting; t := agreed(s).instrument.terms]

limit0 := wanted_window

limit1 := meet(limit0, dataset_window)

limit2 := meet(limit1, agreement_windows[0]) if count(agreement_windows) > 0

else := limit1

limit3 := meet(limit2, agreement_windows[1]) if count(agreement_windows) > 1

else := limit2

limit := meet(limit3, agreement_windows[2]) if count(agreement_windows) > 2

else := limit3

days(c) := meet(limit, window(object.get(c, "window", {}))) if basis(c) == "B05"

else := limit

no_days(c) if {
	days(c).until != ""
	days(c).from > days(c).until
}

# --- obligations ---

whole(c, narrow) if {
	not unknown
	kept(c, narrow) == asked
	form(c, narrow) == req.form
	days(c) == wanted_window
}

gets_part2(c, narrow) if {
	rank[form(c, narrow)] > rank["expert"]
	program(c)
}

gets_part2(c, narrow) if {
	rank[form(c, narrow)] > rank["expert"]
	suspect(c)
	count(released(c, narrow) & of_class("part 2")) > 0
}

on_consent(c) if sud_basis(c) in {"P04", "P05"}

part2_applied(c) if {
	suspect(c)
	basis(c) != "G05"
	sud_basis(c)
}

notice_due(c) if {
	part2_applied(c)
	on_consent(c)
}

notice_due(c) if {
	part2_applied(c)
	sud_basis(c) == "P06"
	object.get(c, "received", "") == "tpo-consent"
	not setting("notice_on_first_only")
}

routine if object.get(profile, "routine", false)

deidentified_basis(c) if basis(c) == "G05"

reviewed(c) if {
	not routine
	not review_exempt(c)
}

review_exempt(c) if {
	basis(c) in exempt
	basis(c) != "G05"
}

some_acting(k) if {
	some s in acting
	count(object.get(agreed(s).instrument.terms, k, [])) > 0
}

limits_time if {
	some s in acting
	object.get(agreed(s).instrument.terms, "retention_days", 0) > 0
}

dua_signed if signed(found(source, req.recipient, {"dua"}))

sensitive_label(c) if label(c, {"HIV", "PSY", "BH", "SEX", "REPRO"})

sensitive_label(c) if genetic(c)

sensitive_label(c) if answer(c, "minor") == "yes"

narrowed_duties(c, true) := overlay_duties(c)

narrowed_duties(c, false) := set()

duties(c, n) := {"log", "watermark", "encrypt"} |
	narrowed_duties(c, n) |
	{"approve" | reviewed(c)} |
	{"after-review" | basis(c) == "N04"} |
	{"opt-out" | basis(c) == "B25"} |
	{"account" | basis(c) in accounted; not not_phi(c); form(c, n) != "limited"} |
	{"suspend-accounting" | basis(c) in accounted; determined("accounting-suspended")} |
	{"ask-no-redisclosure" | n; agreed_restriction(c); emergency_care} |
	{"alert-officer" | basis(c) == "N04"} |
	{"alert-officer" | part2_applied(c); sud_basis(c) == "P10"; gets_part2(c, n)} |
	{d | form(c, n) == "limited"; dua_signed; some d in ["data-use-terms", "no-re-identification"]} |
	{"inform-victim" | purpose == "abuse-report"} |
	{"suppression-report" | not whole(c, n)} |
	{"pseudonymize" | count(changed(c, n) & of_class("direct identifier")) > 0} |
	{"transfer-by" | some_acting("transfer"); not not_phi(c)} |
	{"keep-within" | some_acting("residency"); not not_phi(c)} |
	{"destroy-by" | limits_time; not not_phi(c)} |
	{"no-removal" | purpose == "research"; determined("research-preparatory"); not determined("research-waiver")} |
	{d | gets_part2(c, n); notice_due(c); some d in ["part2-notice", "consent-copy"]} |
	{"part2-account" | gets_part2(c, n); part2_applied(c); on_consent(c); setting("part2_accounting")} |
	{"part2-breach" | gets_part2(c, n)} |
	{"intermediary-list" | gets_part2(c, n); intermediary} |
	{"keep-label" | gets_part2(c, n)} |
	{"emergency-record" | gets_part2(c, n); sud_basis(c) == "P10"} |
	{"other-address" | object.get(c, "other_address", false); is(principal, {"patient"})} |
	{"label-sensitive" | sensitive_label(c); not not_phi(c)} |
	{"small-cells" | combines} |
	{"no-re-identification" | consortium != ""}

can := {d | some d in req.can}

# --- the answer ---

possible(c, n) if {
	not barred(c)
	basis(c)
	req.form != ""
	count(released(c, n)) > 0
	not no_days(c)
	count(duties(c, n) - can) == 0
}

# What overlays and restrictions withhold can only narrow: what is refused without
# them is refused with them, even if less released means fewer obligations.
granted(c) if {
	possible(c, true)
	possible(c, false)
}

answer_of(c) := {"outcome": "deny", "form": "", "kept": [], "changed": []} if not granted(c)

answer_of(c) := {"outcome": outcome(c), "form": form(c, true), "kept": sort(kept(c, true)), "changed": sort(changed(c, true))} if granted(c)

outcome(c) := "permit" if whole(c, true)

outcome(c) := "right-size" if not whole(c, true)

decision := {c.id: answer_of(c) | some c in classes}
