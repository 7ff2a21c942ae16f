// Package cohort makes the people of a synthetic consortium and lives their lives
// through the time of an extract: who they are, which hospitals they go to, why, for
// how long, what it costs and how it ends.
//
// The model is plain on purpose, so that what was put in can be found again. A
// hospital's effect is added to the log-odds of death, of unplanned readmission, of
// cesarean delivery and of pressure injury, and multiplies cost, length of stay and
// waiting; [Risk] keeps what an average hospital would have done.
//
// Nothing is remembered: a person is a function of the seed and their number.
package cohort
