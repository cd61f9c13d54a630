// Package pack makes an OCI image of files, without a daemon and from nothing:
// no base image, no shell, no package manager. Every byte of it follows from the
// files and the labels; times are the epoch, owners are root, and nothing in the
// image belongs to the user that it runs as.
package pack
