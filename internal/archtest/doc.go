// Package archtest holds the program to its shape: who may import whom, and
// what only the command line may touch. It has nothing but tests.
package archtest
