from service.execution.dispatching.leases import LeaseWatch


def test_a_counter_that_stands_still_expires() -> None:
    watch: LeaseWatch[str] = LeaseWatch(seconds=3)
    assert [bool(watch.observe(float(now), {"a": 7})) for now in range(5)] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_a_counter_that_moves_does_not_expire() -> None:
    watch: LeaseWatch[str] = LeaseWatch(seconds=3)
    assert not any(watch.observe(float(now), {"a": now // 2}) for now in range(20))


def test_each_counter_has_its_own_time() -> None:
    watch: LeaseWatch[str] = LeaseWatch(seconds=3)
    for now in range(4):
        expired = watch.observe(float(now), {"still": 1, "moving": now})
    assert expired == {"still"}


def test_a_counter_seen_late_starts_late() -> None:
    watch: LeaseWatch[str] = LeaseWatch(seconds=3)
    for now in range(3):
        watch.observe(float(now), {"a": 1})
    assert watch.observe(3.0, {"a": 1, "b": 1}) == {"a"}


def test_time_in_which_nobody_looked_does_not_count() -> None:
    watch: LeaseWatch[str] = LeaseWatch(seconds=30)
    watch.observe(0.0, {"a": 1})
    assert watch.observe(3600.0, {"a": 1}) == frozenset()


def test_a_row_that_was_gone_starts_anew() -> None:
    watch: LeaseWatch[str] = LeaseWatch(seconds=2)
    watch.observe(0.0, {"a": 1})
    watch.observe(1.0, {})
    assert watch.observe(2.0, {"a": 1}) == frozenset()
    assert watch.observe(3.0, {"a": 1}) == frozenset()
    assert watch.observe(4.0, {"a": 1}) == {"a"}
