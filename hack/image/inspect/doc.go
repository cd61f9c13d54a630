// Package inspect reads an image back from its layout and looks at it as a
// cluster would meet it: are all digests true, who does it run as, what is in it,
// does the program need anything that is not there, does it start. It believes
// nothing that the packer says.
package inspect
