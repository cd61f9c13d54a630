// Package stamp says which version and which commit a build is of. Both are
// functions of the commit and its tags alone, never of the day or the machine,
// so whoever builds the commit again stamps the same.
package stamp
