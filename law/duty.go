package law

// A Duty is a kind of obligation. The names are stable: events hold them.
type Duty string

// The duties.
const (
	Approve            Duty = "approve"              // a data steward reviews the single request
	Log                Duty = "log"                  // keep the decision and the disclosure six years
	Account            Duty = "account"              // an entry in each patient's accounting
	Encrypt            Duty = "encrypt"              // to the recipient
	Pseudonymize       Duty = "pseudonymize"         // codes of the recipient's own, not derived from the person
	Watermark          Duty = "watermark"            //
	NoReidentification Duty = "no-re-identification" // the recipient identifies and contacts nobody
	SmallCells         Duty = "small-cells"          // no count below the limit leaves
	DataUseTerms       Duty = "data-use-terms"       // the data use agreement travels along
	DestroyBy          Duty = "destroy-by"           //
	KeepWithin         Duty = "keep-within"          // regions
	TransferBy         Duty = "transfer-by"          // methods
	SuppressionReport  Duty = "suppression-report"   // count what was withheld
)

type dutyEntry struct {
	duty Duty
	text string
}

// duties describes every duty; its place is its bit in a dutySet.
var duties = [...]dutyEntry{
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
}

// Duties lists every duty, for an enforcement point that can fulfil them all.
func Duties() []Duty {
	out := make([]Duty, len(duties))
	for i := range duties {
		out[i] = duties[i].duty
	}
	return out
}

// dutySet is a set of duties, by their place.
type dutySet uint64

func dutiesOf(list []Duty) dutySet {
	var s dutySet
	for _, d := range list {
		for i := range duties {
			if duties[i].duty == d {
				s |= 1 << i
			}
		}
	}
	return s
}
