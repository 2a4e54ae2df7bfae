// One of the official npm clients, unmodified: `node drive.cjs node-5`. Prints what it read from the server named by HANDOUT.
const [, , name] = process.argv;
const { HANDOUT, APP_ID, APP_TOKEN } = process.env;
const isSdk = name.startsWith("sdk-");

function connect() {
  if (isSdk) {
    const { VoucherifyServerSide } = require(name);
    return VoucherifyServerSide({ apiUrl: HANDOUT, applicationId: APP_ID, secretKey: APP_TOKEN });
  }
  // The oldest wants the version in the address.
  const apiUrl = name === "node-2" ? `${HANDOUT}/v1` : HANDOUT;
  return require(name)({ apiUrl, applicationId: APP_ID, clientSecretKey: APP_TOKEN });
}

async function main() {
  const client = connect();
  const { publications } = client.distributions;
  const seen = {};

  seen.customer = await client.customers.create({ source_id: "shop-1", name: "Erlich", email: "erlich@example.com" });
  const ask = { campaign: { name: "Coffee" }, customer: { source_id: "shop-1" }, channel: "mail" };
  seen.published = isSdk ? (await publications.create(ask)).voucher : await client.distributions.publish(ask);
  const code = seen.published.code;
  seen.voucher = await client.vouchers.get(code);
  seen.vouchers = (await client.vouchers.list({ campaign: "Coffee", limit: 10 })).vouchers;
  seen.campaign = await client.campaigns.get("Coffee");
  seen.campaigns = client.campaigns.list ? (await client.campaigns.list({ limit: 10 })).campaigns : null;
  seen.publications = (await publications.list({ customer: "shop-1", limit: 10 })).publications;
  const order = { amount: 2000, items: [{ source_id: "beans", quantity: 2, price: 1000 }] };
  seen.redemption = await client.redemptions.redeem(code, { customer: { source_id: "shop-1" }, order });
  seen.of_voucher = (await client.redemptions.getForVoucher(code)).redemption_entries;
  seen.redemptions = (await client.redemptions.list({ limit: 10 })).redemptions;
  seen.rollback = await client.redemptions.rollback(seen.redemption.id, { reason: "Returned" });
  seen.customers = (await client.customers.list({ limit: 10 })).customers;
  seen.scrolled = [];
  if (client.customers.scroll) for await (const customer of client.customers.scroll({ limit: 1 })) seen.scrolled.push(customer);
  seen.refusal = await client.vouchers.get("NONE").catch(({ code, key }) => ({ code, key }));
  console.log(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
