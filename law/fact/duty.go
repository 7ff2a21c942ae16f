package fact

// A Duty is a kind of obligation. The names are stable: events hold them.
type Duty string

// The duties.
const (
	Approve            Duty = "approve"              // a data steward reviews the single request
	Log                Duty = "log"                  // keep the decision and the disclosure six years
	Account            Duty = "account"              // an entry in each patient's accounting
	Encrypt            Duty = "encrypt"              // to the recipient
	Pseudonymize       Duty = "pseudonymize"         // codes of the recipient's own, not derived from the person
	Watermark          Duty = "watermark"            // a mark of the recipient
	NoReidentification Duty = "no-re-identification" // the recipient identifies and contacts nobody
	SmallCells         Duty = "small-cells"          // no count below the limit leaves
	DataUseTerms       Duty = "data-use-terms"       // the data use agreement travels along
	DestroyBy          Duty = "destroy-by"           // a date
	KeepWithin         Duty = "keep-within"          // regions
	TransferBy         Duty = "transfer-by"          // methods
	SuppressionReport  Duty = "suppression-report"   // count what was withheld
	Part2Notice        Duty = "part2-notice"         // 42 CFR 2.32(a)
	ConsentCopy        Duty = "consent-copy"         // 42 CFR 2.32(b)
	KeepLabel          Duty = "keep-label"           // the Part 2 label stays on the record
	EmergencyRecord    Duty = "emergency-record"     // 42 CFR 2.51(c)
	AlertOfficer       Duty = "alert-officer"        // the privacy officer, at once
	AfterReview        Duty = "after-review"         // after break-glass access
	AskNoRedisclosure  Duty = "ask-no-redisclosure"  // 45 CFR 164.522(a)(1)(iv)
	InformVictim       Duty = "inform-victim"        // 45 CFR 164.512(c)(2)
	OtherAddress       Duty = "other-address"        // confidential communications
	NoRemoval          Duty = "no-removal"           // research: nothing leaves the covered entity
	SuspendAccounting  Duty = "suspend-accounting"   // 45 CFR 164.528(a)(2)
	IntermediaryList   Duty = "intermediary-list"    // 42 CFR 2.24
	Part2Account       Duty = "part2-account"        // 42 CFR 2.25
	Part2Breach        Duty = "part2-breach"         // 42 CFR 2.16
	OptOut             Duty = "opt-out"              // fundraising: how to opt out
	LabelSensitive     Duty = "label-sensitive"      // the sensitivity label stays on the record
)

// duties describes every duty.
var duties = [...]struct {
	duty Duty
	text string
}{
	{Approve, "A data steward reviews and approves this request before anything is released."},
	{Log, "The decision and the disclosure are logged and kept for six years."},
	{Account, "The disclosure is entered in the accounting of every patient in it."},
	{Encrypt, "What is released is encrypted to the recipient."},
	{Pseudonymize, "Record numbers and tokens are replaced by codes of this recipient's own that are not derived from the person."},
	{Watermark, "What is released carries a mark of its recipient."},
	{NoReidentification, "The recipient identifies no patient, contacts none, and identifies no other member."},
	{SmallCells, "No report shows a count below the limit."},
	{DataUseTerms, "The terms of the data use agreement travel with the data."},
	{DestroyBy, "The recipient destroys the data by the date, and certifies it."},
	{KeepWithin, "The data rest only in the regions the agreement names."},
	{TransferBy, "The data are transferred only by the methods the agreement names."},
	{SuppressionReport, "The number of records and elements withheld is reported, by rule, without acknowledging whose."},
	{Part2Notice, "The notice of 42 CFR 2.32(a) goes with the records."},
	{ConsentCopy, "A copy of the consent, or a clear explanation of its scope, goes with the records."},
	{KeepLabel, "The records stay marked as substance-use records, because the ban on their use against the patient holds for everybody who has them."},
	{EmergencyRecord, "The disclosure is recorded at once: recipient's name and affiliation, discloser, date and time, nature of the emergency."},
	{AlertOfficer, "The privacy officer is told at once."},
	{AfterReview, "The access is reviewed afterwards."},
	{AskNoRedisclosure, "The recipient is asked not to use or disclose the restricted information further."},
	{InformVictim, "The patient is told of the report, unless that would put the patient at risk."},
	{OtherAddress, "The patient is reached only at the address or by the means the patient asked for."},
	{NoRemoval, "The researcher removes nothing from the covered entity."},
	{SuspendAccounting, "The accounting leaves this disclosure out for the time the agency stated."},
	{IntermediaryList, "The intermediary tells the patient, on request and within 30 days, who received the records in the past three years."},
	{Part2Account, "The disclosure is entered in the accounting of 42 CFR 2.25."},
	{Part2Breach, "A breach of these records is notified under 42 CFR 2.16 as well."},
	{OptOut, "The communication says how to opt out of further fundraising."},
	{LabelSensitive, "The sensitivity label stays on the record."},
}

// Duties lists every duty, for an enforcement point that can fulfil them all.
func Duties() []Duty {
	out := make([]Duty, len(duties))
	for i := range duties {
		out[i] = duties[i].duty
	}
	return out
}

// Text says in plain words what the duty asks for.
func (d Duty) Text() string {
	for i := range duties {
		if duties[i].duty == d {
			return duties[i].text
		}
	}
	return ""
}

// A DutySet is a set of duties, by their place in [Duties].
type DutySet uint64

// DutiesOf makes a set of a list; words that are no duty are left out.
func DutiesOf(list []Duty) DutySet {
	var s DutySet
	next := 0 // lists are in the order of Duties, as a rule
	for _, d := range list {
		for range duties {
			i := next
			if next++; next == len(duties) {
				next = 0
			}
			if duties[i].duty == d {
				s |= 1 << i
				break
			}
		}
	}
	return s
}

// List returns the duties of the set, in the order of [Duties].
func (s DutySet) List() []Duty {
	var out []Duty
	for i := range duties {
		if s>>i&1 == 1 {
			out = append(out, duties[i].duty)
		}
	}
	return out
}
