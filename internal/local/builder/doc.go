// Package builder builds images on a Docker engine and pushes them to the
// registry of the local region.
//
// A build begins with [Prepare], which reads all that goes in and names it by a
// hash. [Builder.Build] sends exactly what was hashed: to BuildKit where the
// engine has it, else to the classic builder. [Builder.Push] lets the engine
// push. [Builder.All] does all three for several services side by side and
// leaves out what the registry has already.
package builder
