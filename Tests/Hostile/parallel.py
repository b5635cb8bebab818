"""Many at once, and the same again (hostile D4, D5): one name is one thing, one key is one deed, and a kill in the middle loses and doubles nothing."""

import concurrent.futures
import json
import random
import threading
import time

from hostile_common import Refused, check, outcome, tenants


def at_once(count, deed):
    """What each of many got who began together."""
    gate = threading.Barrier(count)

    def run(number):
        gate.wait()
        return deed(number)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def names(world):
    project = lambda n, name: outcome(world.alice, "POST", f"/api/v1/workspaces/{world.a}/projects", {"name": name})
    for spellings in (["one"], ["Größe", "Gro\u0308ße"]):
        seen = at_once(30, lambda n: project(n, spellings[n % len(spellings)]))
        check(f"of 30 projects {spellings[0]!r} at once there is one", sorted(seen)[0] == (200, None) and set(seen) <= {(200, None), (409, "name_taken")} and
              seen.count((200, None)) == 1, seen)
    made = at_once(20, lambda n: outcome(world.alice, "POST", f"/api/v1/workspaces/{world.a}/assets", {"kind": "dataset", "name": "data"}))
    check("of 20 datasets of one name, too", made.count((200, None)) == 1, made)
    made = at_once(8, lambda n: outcome(world.operator, "POST", "/api/v1/accounts", {"login": "twin"}))
    check("of 8 accounts of one login, too", made.count((200, None)) == 1, made)


def keys(world):
    path = f"/api/v1/workspaces/{world.a}/projects"
    once = lambda name: (lambda n: outcome(world.alice, "POST", path, {"name": name}, headers={"Idempotency-Key": "key-of-" + name}))
    seen = at_once(20, once("keyed"))
    items = [p for p in world.alice.call("GET", path)["items"] if p["name"] == "keyed"]
    check("20 times one key makes one", len(items) == 1 and (200, None) in seen, seen)
    before = balance(world)
    seen = at_once(20, lambda n: recharge(world, "money", "10"))
    after = balance(world)
    check("20 recharges under one key are one", round(after - before, 6) == 10, (before, after, seen))
    other = recharge(world, "money", "99")
    check("another body under the key is refused", other[0] == 409, other)
    check("and moves nothing", balance(world) == after)


def recharge(world, key, amount):
    return outcome(world.operator, "POST", f"/api/v1/workspaces/{world.a}/recharges", {"amount": amount}, headers={"Idempotency-Key": key})


def balance(world):
    return float(world.alice.call("GET", f"/api/v1/workspaces/{world.a}/balance")["balance"])


def kills(world):
    """Each recharge is sent until it is answered, while Weir is killed again and again."""
    before = balance(world)
    stop = threading.Event()
    done = []

    def pay(worker):
        number = 0
        while not stop.is_set():
            key = f"pay-{worker}-{number}"
            while True:
                try:
                    status, code = recharge(world, key, "1")
                except OSError:
                    time.sleep(0.05)
                    continue
                if status == 200:
                    break
                if status < 500 and code != "in_progress":
                    raise AssertionError((status, code))
                time.sleep(0.05)
            done.append(key)
            number += 1

    workers = [threading.Thread(target=pay, args=(n,), daemon=True) for n in range(4)]
    for worker in workers:
        worker.start()
    dice = random.Random(seed := random.randrange(1 << 32))
    for _ in range(6):
        time.sleep(dice.uniform(0.2, 1.2))
        world.weir.process.kill()
        world.weir.process.wait()
        world.weir.start()
    stop.set()
    for worker in workers:
        worker.join(20)
    check(f"{len(done)} recharges across six kills (seed {seed}): none lost, none twice", round(balance(world) - before, 6) == len(done), (before, balance(world), len(done)))
    answer = world.operator.call("POST", "/api/v1/ledger/verify?progress=false")
    check("and the ledger verifies", answer["ok"], answer)


def main():
    with tenants(image=False) as world:
        names(world)
        keys(world)
        kills(world)
    print("parallel: all held")


if __name__ == "__main__":
    main()
