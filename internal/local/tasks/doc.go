// Package tasks runs the tasks of the embedded ECS as containers, as Fargate
// would. It implements simulator.Runtime: the scheduler's calls are answered at
// once from memory, and the work is done in the background.
//
// A task is one pause container, which owns the network and runs our agent, and
// the task's own containers, which join its network and so share localhost. All
// that is known about a task is on the engine, in labels: a later process finds
// it there and goes on, and a container is never made twice.
package tasks
