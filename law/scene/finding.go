package scene

import (
	"chaperone.example/law/fact"
	"chaperone.example/law/rule"
)

// Finding is the kind of determination that a condition was read from.
func Finding(c rule.Condition) (fact.Finding, bool) {
	f, ok := findings[c]
	return f, ok
}

// findings are the determinations that conditions are read from.
var findings = map[rule.Condition]fact.Finding{
	rule.FoundStatute:        fact.Statute,
	rule.FoundMinimum:        fact.StatedMinimum,
	rule.FoundEntire:         fact.EntireRecord,
	rule.FoundAbuse:          fact.AbuseBelief,
	rule.FoundReportable:     fact.AbuseReportable,
	rule.FoundOrder:          fact.CourtOrder,
	rule.ProcessOrdered:      fact.CourtOrder,
	rule.FoundResearch:       fact.Waiver,
	rule.WaiverComplete:      fact.Waiver,
	rule.FoundThreat:         fact.ThreatBelief,
	rule.FoundFunction:       fact.FunctionStated,
	rule.FoundPreference:     fact.Preference,
	rule.FoundEmergency:      fact.Emergency,
	rule.FoundPart2Order:     fact.ProtectionOrder,
	rule.FoundPart2Research:  fact.Part2Research,
	rule.FoundPart2Audit:     fact.Part2Audit,
	rule.FoundPart2Crime:     fact.Part2Crime,
	rule.FoundPolice:         fact.Process,
	rule.FoundAttestation:    fact.Attestation,
	rule.FoundSuspension:     fact.Suspension,
	rule.FoundEndangerment:   fact.Endangerment,
	rule.FoundRepresentative: fact.Representative,
}
