// The official npm SDK, unmodified, against the server named by HANDOUT. Prints what it was answered, as one JSON object.
const { VoucherifyServerSide } = require("@voucherify/sdk");

const { HANDOUT, APP_ID, APP_TOKEN, CSV_FILE } = process.env;
const client = VoucherifyServerSide({ apiUrl: HANDOUT, applicationId: APP_ID, secretKey: APP_TOKEN });
const { publications, exports: files } = client.distributions;

async function main() {
  const seen = {};

  // The seed's first scenario: a named code, for a customer that is known.
  const customer = await client.customers.create({ source_id: "12344", name: "Erlich Bachman" });
  await client.vouchers.create({
    code: "ycs2AnLT",
    type: "DISCOUNT_VOUCHER",
    discount: { type: "PERCENT", percent_off: 10 },
  });
  seen.named = await publications.create({
    voucher: "ycs2AnLT",
    customer: { id: customer.id },
    channel: "newsletter_October",
  });

  // Its second: two codes of a campaign, for somebody new.
  await client.campaigns.create({
    name: "100k-test",
    type: "AUTO_UPDATE",
    voucher: { type: "DISCOUNT_VOUCHER", discount: { type: "PERCENT", percent_off: 10 } },
  });
  seen.two = await publications.create({
    campaign: { name: "100k-test", count: 2 },
    customer: { email: "erlich@example.com", name: "Erlich Bachman" },
    metadata: { test: true, provider: "Shop Admin" },
  });

  seen.voucher = await client.vouchers.get("ycs2AnLT");
  seen.history = await publications.list({
    order: "-created_at",
    filters: { junction: "and", channel: { conditions: { $is: ["newsletter_October"] } } },
  });
  seen.held = await client.vouchers.list({ customer: "12344", limit: 5 });
  seen.redemption = await client.redemptions.redeem("ycs2AnLT", {
    customer: { source_id: "12344" },
    order: { amount: 2000 },
  });
  seen.rollback = await client.redemptions.rollback(seen.redemption.id, { reason: "Returned" });

  const imported = await client.vouchers.importCSV(CSV_FILE);
  seen.imported = await until(() => client.asyncActions.get(imported.async_action_id), (action) => action.status === "DONE");

  const ordered = await files.create({
    exported_object: "publication",
    parameters: { fields: ["voucher_code", "customer_source_id", "channel"], order: "created_at" },
  });
  const made = await until(() => files.get(ordered.id), (found) => found.status === "DONE");
  const file = await fetch(made.result.url);
  seen.export = { ordered: ordered.status, type: file.headers.get("content-type"), text: await file.text() };

  seen.refusals = {
    unknownVoucher: await refusal(() => client.vouchers.get("NONE")),
    publishedBefore: await refusal(() => publications.create({ voucher: "ycs2AnLT", customer: { source_id: "12344" } })),
    noCustomer: await refusal(() => publications.create({ voucher: "ycs2AnLT" })),
    nameTaken: await refusal(() =>
      client.campaigns.create({ name: "100k-test", voucher: { discount: { type: "PERCENT", percent_off: 5 } } }),
    ),
    badLimit: await refusal(() => client.vouchers.list({ limit: 0 })),
    badKey: await refusal(() =>
      VoucherifyServerSide({ apiUrl: HANDOUT, applicationId: APP_ID, secretKey: "wrong" }).vouchers.get("ycs2AnLT"),
    ),
  };
  seen.limits = {
    limit: client.apiLimitsHandler.getRateLimit(),
    remaining: client.apiLimitsHandler.getRateLimitRemaining(),
    retry: client.apiLimitsHandler.getRetryAfter(),
  };
  console.log(JSON.stringify(seen));
}

async function refusal(call) {
  try {
    return { answered: await call() };
  } catch (error) {
    const { code, key, message, details, request_id, resource_id, resource_type } = error;
    return { code, key, message, details, request_id, resource_id, resource_type };
  }
}

async function until(read, isDone) {
  for (let tries = 0; tries < 300; tries++) {
    const found = await read();
    if (isDone(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("it took longer than a minute");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
