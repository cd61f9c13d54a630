// Package push brings an image from its layout into a registry in two steps, so
// that nobody meets an image that is not signed yet: by its digest first, which only
// those know who made it; under names when the signature is there.
package push
