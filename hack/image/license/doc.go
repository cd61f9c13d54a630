// Package license collects the licence texts of exactly what is linked into a
// binary, from the module cache that it was built from, and says which licences
// they are where that can be told. Nobody keeps a list by hand: a module that
// comes without a licence file stops the build, as we may not ship it.
package license
