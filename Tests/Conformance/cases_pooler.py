"""Behind PgBouncer, each transaction in another session (TASKLANE_PG_PREPARED=off): the same answers, and no lock stays."""
import os
import threading
import time

from deployment import free_port


def run(judge, world):
    port = free_port()
    pooler = start(world.deployment, port)
    settings = {
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{port}/tasklane",
        "TASKLANE_PG_PREPARED": "off"
    }
    try:
        migrations(judge, world, settings)
        requests(judge, world, settings)
    finally:
        world.deployment.stop(pooler)


def start(deployment, port):
    folder = deployment.path("pooler")
    os.mkdir(folder)
    os.chmod(folder, 0o777)
    with open(folder + "/users.txt", "w") as users:
        users.write('"postgres" ""\n')
    with open(folder + "/pgbouncer.ini", "w") as file:
        file.write(f"""[databases]
tasklane = host={deployment.path("pg")} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 8
logfile = {folder}/pgbouncer.log
""")
    process = deployment.spawn(deployment.as_postgres + ["pgbouncer", folder + "/pgbouncer.ini"], "pooler", cwd="/")
    deployment.await_port(port, process, "pooler")
    return process


def migrations(judge, world, settings):
    """Eight at once, each over several sessions."""
    deployment, done = world.deployment, []
    threads = [threading.Thread(target=lambda: done.append(deployment.control("migrate", **settings))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    judge.check("migrations through a pooler end well", [run.returncode for run in done] == [0] * 8, done)
    judge.check("and leave no lock", deployment.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0")


def requests(judge, world, settings):
    """Half of the lanes are this worker's; every user's mutation is applied, and read through the pooler."""
    deployment = world.deployment
    judge.address, _, ingest = deployment.ingest("ingest-pooled", **settings)
    worker, admin = deployment.worker("worker-pooled", **settings)
    deployment.await_port(admin[1], worker, "worker-pooled")
    try:
        time.sleep(1)  # the workers share the lanes anew
        for number in range(40):
            user = f"pooled{number}"
            created = judge.call("POST", f"/api/{user}/tasks", [("Prefer", "wait=10")], body={"title": "p"}, user=user)
            judge.check("a create through a pooler", created.status == 201, created)
            path = f"/api/{user}/tasks/{created.json.get('id')}"
            for _ in range(3):
                judge.check("and its task", judge.call("GET", path, user=user).status == 200)
            listed = judge.call("GET", f"/api/{user}/tasks", user=user)
            judge.check("and its list", len(listed.json.get("tasks", [])) == 1, listed)
        with open(deployment.path("worker-pooled.log")) as file:
            lines = file.read()
        judge.check("the pooled worker applies its share", "pooled" in lines and '"level":"error"' not in lines, lines[-900:])
    finally:
        judge.address = world.address
        deployment.stop(worker)
        deployment.stop(ingest)
