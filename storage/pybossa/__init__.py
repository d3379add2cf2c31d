"""The community: who contributes to which project, who leads, what is new.

`people` says what a person looks like here, `community` finds and changes them. `ladder` keeps positions
in a long order cheap, `ranking` uses it for ranks and lists. `projects` and `contributions` keep the
numbers that follow from task runs, `feed` the newest events, `leaving` takes a person out of all of it.
`revision` and `avatars` save what people change about themselves, `exports` and `removal` are the jobs that
show or delete all of it.
"""
