"""The express lane: calls that publish and wait at the same moment are served together, by one statement.

A call by itself costs three round trips to the database, a commit, and the way through Django to a thread and back, which is
most of what it costs. So one thread of each web process serves them together: it takes those that wait (1, 2, 4 … 64 of
them, at once, and waits for nobody), reads their keys, campaigns and customers in one look each, and has the ledger give them their codes in one statement. It asks the same functions as anything else: the
door's (`config.api.door`, `config.api.auth`), an attempt's (`publications.actions.publish`), the ledger's `give()`.

    lane.py     the queue, its thread, and who may join it
    api/call.py one call on the lane, and its answer
    serve.py    a batch from its first look to its codes

**The lane answers with a publication, or not at all.** Whatever else a call may come to (a wrong key, a shortage, a used
source_id, a profile to be changed, a second call of the same customer) it leaves to the ordinary way, before it has touched
anything: `publish()` tells it as ever. What has to be right in the lane is thus only that what it gives is right, and that
nothing is given twice on the way from one to the other (serve.py, `_give`).

`EXPRESS_LANE=0` switches it off (docs/scaling.md); ADR 0037 has the reasons and the measurements.
"""
