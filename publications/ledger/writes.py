"""The parts of statements that write the ledger, each written once: a publication, the codes it holds, their flags.

They read from `item` (publications) and `held` (codes and the publications that hold them), which whoever uses them
provides: statements.py, and the loaders of `bench/`, which fill tables with a history. This imports nothing.
"""

DRAW = "nextval('publications_publication_id_seq'::regclass)"
PUBLICATION = """created_at, campaign_id, customer_id, voucher_count, channel, origin, source_id, request_hash,
                 metadata, join_once, actor_kind, actor_id, actor_label"""
ADD_PUBLICATIONS = f"""
    INSERT INTO publications_publication (id, {PUBLICATION}) SELECT id, {PUBLICATION} FROM {{items}}
    ON CONFLICT DO NOTHING RETURNING id"""  # noqa: S608 - our own constants
# voided_at: every code that it held until now may have been released; now it holds some again.
GROW_PUBLICATION = """
    UPDATE publications_publication p SET voucher_count = p.voucher_count + item.voucher_count, voided_at = NULL
      FROM {items} WHERE p.id = item.id RETURNING p.id"""
LEDGER = "publication_id, voucher_id, code, expiration_given, expiration_before"
ADD_LEDGER = f"""
    INSERT INTO publications_publishedvoucher ({LEDGER}) SELECT {LEDGER} FROM held"""  # noqa: S608
MARK_VOUCHERS = """
    UPDATE codes_voucher v
       SET published_at = held.created_at, expiration_date = coalesce(held.expiration_given, v.expiration_date)
      FROM held WHERE v.id = held.voucher_id"""
