"""Commands of several words: `playingage grant sign` and the like."""

import typer

from playingage.cli import grant, grant_state, key, ledger, performer, schedule, schedule_check, takes


def add_to(app: typer.Typer) -> None:
    """Add the groups to the program."""
    performers = _group(app, "performer", "Who plays, and forgetting them.")
    performers.command("add", epilog=performer.ADD)(performer.add)
    performers.command("reference", epilog=performer.REFERENCE)(performer.reference)
    performers.command("list", epilog=performer.LIST)(performer.list_performers)
    performers.command("show", epilog=performer.SHOW)(performer.show)
    performers.command("died", epilog=performer.DIED)(performer.died)
    performers.command("forget", epilog=performer.FORGET)(performer.forget)
    keys = _group(app, "key", "Keys that sign grants, and which of them the production trusts.")
    keys.command("create", epilog=key.CREATE)(key.create)
    keys.command("list", epilog=key.LIST)(key.list_keys)
    keys.command("trust", epilog=key.TRUST)(key.trust)
    keys.command("rotate", epilog=key.ROTATE)(key.rotate_key)
    keys.command("retire", epilog=key.RETIRE)(key.retire)
    grants = _group(app, "grant", "What performers agree to: signed, checked, taken back.")
    grants.command("create", epilog=grant.CREATE)(grant.create)
    grants.command("sign", epilog=grant.SIGN)(grant.sign)
    grants.command("file", epilog=grant.FILE)(grant.file_grant)
    grants.command("verify", epilog=grant_state.VERIFY)(grant_state.verify)
    grants.command("revoke", epilog=grant_state.REVOKE)(grant_state.revoke)
    grants.command("list", epilog=grant_state.LIST)(grant_state.list_grants)
    record = _group(app, "ledger", "The record of every use, and whether it is whole.")
    record.command("show", epilog=ledger.SHOW)(ledger.show)
    record.command("verify", epilog=ledger.VERIFY)(ledger.verify)
    ages = _group(app, "schedule", "Playing ages by scene, shot and take.")
    ages.command("new", epilog=schedule.NEW)(schedule.new)
    ages.command("import", epilog=schedule.IMPORT)(schedule.import_)
    ages.command("check", epilog=schedule_check.EXAMPLES)(schedule_check.check)
    ages.command("show", epilog=schedule.SHOW)(schedule.show)
    ages.command("convert", epilog=schedule.CONVERT)(schedule.convert)
    recorded = _group(app, "takes", "What was recorded on the set.")
    recorded.command("list", epilog=takes.LIST)(takes.list_takes)
    recorded.command("show", epilog=takes.SHOW)(takes.show)
    recorded.command("play", epilog=takes.PLAY)(takes.play)
    recorded.command("verify", epilog=takes.VERIFY)(takes.verify)
    recorded.command("recover", epilog=takes.RECOVER)(takes.recover)


def _group(app: typer.Typer, name: str, help: str) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help=help, rich_markup_mode="rich")
    app.add_typer(group, name=name)
    return group
