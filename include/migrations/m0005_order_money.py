"""Money per order: what the lines add up to, beside the subtotal that the order itself names."""

from include.migrations.steps import Migration

MIGRATION = Migration(
    number=5,
    name="order_money",
    forward=(
        # Orders with a subtotal and lines. `difference` is the lines' money less the subtotal. Up to 0.01 a line the
        # two agree, by the lines as they are or once the order's own discount is taken off, where the lines do not
        # show their share of it; `agrees_by` is NULL where neither fits. A UNION and no join, since right after a load
        # no statistics say how large an upload is. Filters on upload_id reach the tables.
        """
        CREATE VIEW commerce.order_money AS
        SELECT upload_id, order_id, currency, lines, lines_money, subtotal, discount_amount,
            lines_money - subtotal AS difference,
            CASE
                WHEN abs(lines_money - subtotal) <= 0.01 * lines THEN 'lines'
                WHEN abs(lines_money - discount_amount - subtotal) <= 0.01 * lines THEN 'order discount'
            END AS agrees_by
        FROM (
            SELECT upload_id, order_id, max(currency) AS currency, count(money) AS lines, sum(money) AS lines_money,
                max(subtotal) AS subtotal, max(discount_amount) AS discount_amount
            FROM (
                SELECT upload_id, order_id, NULL AS currency, quantity * unit_price - coalesce(discount, 0) AS money,
                    NULL::numeric AS subtotal, NULL::numeric AS discount_amount
                FROM commerce.order_lines
                UNION ALL
                SELECT upload_id, order_id, currency, NULL, subtotal, discount_amount
                FROM commerce.orders
            ) AS both_tables
            GROUP BY upload_id, order_id
        ) AS summed
        WHERE lines > 0 AND subtotal IS NOT NULL
        """,
    ),
    back=("DROP VIEW commerce.order_money",),
)
