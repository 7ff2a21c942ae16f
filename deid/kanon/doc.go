// Package kanon generalizes and suppresses the rows of a table until nobody stands
// alone in it, for the method of expert determination (45 CFR 164.514(b)(1)).
//
// # Terms
//
// A quasi-identifier is a column that others may know of a person: age, sex, ZIP code.
// A [Hierarchy] says how its values are made coarser, level by level. A class is the
// set of rows that agree in all quasi-identifiers after generalization. A table is
// k-anonymous when every class has at least k rows (Sweeney, "k-anonymity: a model for
// protecting privacy", 2002); a [Model] may ask for more: enough different sensitive
// values in each class (l-diversity, Machanavajjhala et al. 2007), or a distribution of
// them close to that of the whole table (t-closeness, Li et al. 2007). Rows of classes
// that do not satisfy the model are suppressed: every value becomes "*".
//
// [Optimal] recodes globally: every column at one level, the best of all combinations of
// levels. [Sweep] recodes locally: each class at the least general combination it can
// have, which keeps far more; values of one column then stand at different levels.
//
// # Loss
//
// The loss of a value is the share of the column's leaves that it may stand for, scaled
// so that a leaf is 0 and "*" is 1. A row loses the mean over its columns, a table the mean
// over its rows; its utility is one minus that. Optimal minimizes ARX's Loss, the
// geometric mean over columns of one plus the column's loss (Prasser et al., "Flexible
// data anonymization using ARX", 2020).
package kanon
